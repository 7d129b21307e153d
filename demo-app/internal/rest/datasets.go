package rest

import "plumbline/demo-app/internal/store"

func (s *Server) datasets() { collection(s, store.Datasets()) }
