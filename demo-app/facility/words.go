package facility

type affiliation struct{ name, domain string }

// The word lists never change after start; a change here is a new facility.
var (
	affiliations = []affiliation{
		{"University Of Cambridge", "cambridge.example"}, {"University Of Leeds", "leeds.example"},
		{"Uppsala University", "uppsala.example"}, {"Technical University Of Munich", "munich.example"},
		{"University Of Milan", "milan.example"}, {"Delft University Of Technology", "delft.example"},
		{"University Of Tokyo", "tokyo.example"}, {"Lund University", "lund.example"},
		{"Charles University", "prague.example"}, {"University Of Barcelona", "barcelona.example"},
		{"Unseen University", "unseen.example"}, {"Lorem ipsum light source", "lils.example"},
	}
	techniques = []string{
		"Neutron reflectometry", "Small angle scattering", "Powder diffraction", "Single crystal diffraction",
		"Muon spin rotation", "X-ray tomography", "Inelastic scattering", "Absorption spectroscopy",
		"Grazing incidence scattering", "Magnetic imaging",
	}
	materials = []string{
		"Ni-Mn-Ga alloys", "lithium cobalt oxide cathodes", "lysozyme crystals", "bismuth ferrite films",
		"block copolymers", "perovskite solar cells", "ancient bronze", "metal-organic frameworks",
		"lipid bilayers", "spin ice", "turbine blades", "hydrogen storage hydrides", "cement paste", "olivine grains",
	}
	conditions = []string{
		"at low temperature", "under pressure", "in a magnetic field", "during charging", "under shear",
		"at the phase transition", "in solution", "after annealing", "in operando", "with isotope contrast",
	}
	formats = [][3]string{ // name, version, type
		{"NeXus", "4.3", "binary"}, {"HDF5", "1.14", "binary"}, {"TIFF", "6.0", "binary"}, {"CSV", "1.0", "text"},
		{"DAT", "1.0", "text"}, {"CIF", "1.1", "text"}, {"EDF", "2.0", "binary"}, {"JSON", "1.0", "text"}, {"LOG", "1.0", "text"},
	}
	extensions = []string{"nxs", "h5", "tif", "csv", "dat", "cif", "edf", "json", "log"} // of formats, in their order
)
