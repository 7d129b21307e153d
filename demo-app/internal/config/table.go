package config

import (
	"fmt"
	"slices"
	"strings"
)

// Table returns the settings as a Markdown table, for the README.
func Table() string {
	var b strings.Builder
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, r := range rows(new(Config)) {
		env := code(r.Env)
		if r.Secret {
			env += " or " + code(r.Env+"_FILE")
		}
		meaning := strings.ReplaceAll(r.Meaning, "|", `\|`)
		if !slices.Contains(r.of, Serve) {
			meaning += fmt.Sprintf(" (%s)", r.of[0])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(r.Flag), env, code(r.Default), meaning)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
