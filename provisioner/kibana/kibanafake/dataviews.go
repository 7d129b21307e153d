package kibanafake

import "net/http"

// makeDataView makes a data view without a file.
func (k *Kibana) makeDataView(a *ask) {
	var body struct {
		DataView struct {
			ID            string `json:"id"`
			Title         string `json:"title"`
			Name          string `json:"name"`
			TimeFieldName string `json:"timeFieldName"`
		} `json:"data_view"`
		Override bool `json:"override"`
	}
	if !k.decode(a, &body) {
		return
	}
	view := body.DataView
	if view.Title == "" {
		k.refuse(a, http.StatusBadRequest, "[request body.data_view.title]: expected value of type [string] but got [undefined]")
		return
	}
	attributes := map[string]any{"title": view.Title, "name": view.Name, "timeFieldName": view.TimeFieldName}
	o := Object{Type: "index-pattern", ID: view.ID, Attributes: attributes, References: []Reference{}}
	if _, there := k.spaces[a.space].objects[o.key()]; there && !body.Override {
		k.fail(a, http.StatusBadRequest, "Duplicate data view: "+view.Title, nil)
		return
	}
	k.store(a.space, o)
	answer(a.w, http.StatusOK, dataView(o))
}

func (k *Kibana) readDataView(a *ask) {
	o, there := k.spaces[a.space].objects["index-pattern:"+a.r.PathValue("id")]
	if !there {
		k.fail(a, http.StatusNotFound, "Saved object [index-pattern/"+a.r.PathValue("id")+"] not found", nil)
		return
	}
	answer(a.w, http.StatusOK, dataView(o))
}

func dataView(o Object) map[string]any {
	view := map[string]any{"id": o.ID, "version": o.Version, "allowNoIndex": false}
	for name, value := range o.Attributes {
		view[name] = value
	}
	return map[string]any{"data_view": view}
}
