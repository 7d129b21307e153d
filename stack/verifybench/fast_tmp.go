package main

func (r benchRun) wrongFast(text []byte) []string { return nil }
