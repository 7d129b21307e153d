package store

import (
	"testing"

	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
)

// world is an open catalogue, what should be in it, and who asks.
type world struct {
	*Store
	model *model
	who   map[string]string // user names by the part they play
}

// TestConformance holds both databases against the facility's Go values. What
// writes comes last.
func TestConformance(t *testing.T) {
	f := small()
	m := newModel(t, f)
	who := people(t, m)
	each(t, f, func(t *testing.T, s *Store) {
		for _, part := range []struct {
			proves string
			test   func(*testing.T, world)
		}{
			{"every comparison on every field", everyComparison},
			{"conditions at the end of paths", pathsOfRelations},
			{"rules for each kind of user", rulesForEach},
			{"a release takes effect", releaseTakesEffect},
			{"paths ask nothing that is hidden", pathsAskNothingHidden},
			{"as many joins as a request may ask for", manyJoins},
			{"include trees", includeTrees},
			{"includes hide what may not be read", includesHide},
			{"maxEntities", maxEntities},
			{"orders and pages", ordersAndPages},
			{"distinct combinations", distinctCombinations},
			{"strange texts and numbers", strangeTexts},
			{"searches", searches},
			{"searches name only the readable", searchesNameOnlyTheReadable},
			{"a search gives up", searchGivesUp},
			{"ingest is refused", ingestRefuses},
			{"ingest", ingests},
			{"ingest from many sides at once", ingestsAtOnce},
		} {
			t.Run(part.proves, func(t *testing.T) { part.test(t, world{s, m, who}) })
		}
	})
}

// people are one of each kind that the rules tell apart.
func people(t *testing.T, m *model) map[string]string {
	t.Helper()
	who := map[string]string{"anonymous": icat.Anonymous, "root": facility.RootName, "ingest": facility.IngestName, "nobody": "no such user"}
	hidden := func(id int64) (member, scientist bool) {
		for _, v := range m.children["User.investigationUsers"][id] {
			if visit := m.keys["InvestigationUser"][v-1]["investigation"]; !m.facility.CanRead(facility.Anonymous, visit, now) {
				member = true
			}
		}
		return member, len(m.children["User.instrumentScientists"][id]) > 0
	}
	for _, u := range m.objects["User"] {
		member, scientist := hidden(u.ID())
		switch {
		case u.Text("name") == facility.RootName || u.Text("name") == facility.IngestName:
		case member && !scientist:
			who["member"] = u.Text("name")
		case scientist && !member:
			who["scientist"] = u.Text("name")
		case !member:
			who["stranger"] = u.Text("name")
		}
	}
	if len(who) != 7 {
		t.Fatalf("the facility lacks a kind of user: %v", who)
	}
	return who
}
