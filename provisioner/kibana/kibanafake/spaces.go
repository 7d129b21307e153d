package kibanafake

import (
	"net/http"
	"regexp"
)

var spaceID = regexp.MustCompile(`^[a-z0-9_\-]+$`)

func (k *Kibana) readSpace(a *ask) {
	id := a.r.PathValue("id")
	s, there := k.spaces[id]
	if !there {
		k.fail(a, http.StatusNotFound, "Not Found", nil)
		return
	}
	answer(a.w, http.StatusOK, map[string]any{"id": id, "name": s.name, "disabledFeatures": []string{}})
}

func (k *Kibana) makeSpace(a *ask) {
	var body struct {
		ID, Name, Description, Color, Initials, Solution, ImageURL string
		DisabledFeatures                                           []string
	}
	if !k.decode(a, &body) {
		return
	}
	switch _, there := k.spaces[body.ID]; {
	case !spaceID.MatchString(body.ID):
		k.refuse(a, http.StatusBadRequest, `[request body.id]: must be lower case, a-z, 0-9, '_', and '-' are allowed`)
		return
	case body.Name == "":
		k.refuse(a, http.StatusBadRequest, "[request body.name]: expected value of type [string] but got [undefined]")
		return
	case there:
		k.fail(a, http.StatusConflict, "Conflict: a space with the identifier "+body.ID+" already exists.", nil)
		return
	}
	k.spaces[body.ID] = newSpace(body.Name)
	k.writes++
	answer(a.w, http.StatusOK, map[string]any{"id": body.ID, "name": body.Name, "disabledFeatures": []string{}})
}
