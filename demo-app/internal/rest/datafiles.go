package rest

import "plumbline/demo-app/internal/store"

func (s *Server) datafiles() { collection(s, store.Datafiles()) }
