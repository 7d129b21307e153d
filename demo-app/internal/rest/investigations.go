package rest

import "plumbline/demo-app/internal/store"

func (s *Server) investigations() { collection(s, store.Investigations()) }
