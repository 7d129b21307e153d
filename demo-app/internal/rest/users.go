package rest

import "plumbline/demo-app/internal/store"

func (s *Server) users() { collection(s, store.Users()) }
