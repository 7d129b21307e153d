package facility

type (
	affiliation struct{ name, domain string }
	instrument  struct{ name, technique, kind string }
	substance   struct{ name, formula, safety string }
	format      struct{ name, version, kind, extension string }
	quantity    struct{ name, units, unitsName, kind string }
)

// The word lists never change after start; a change here is a new facility.
var (
	affiliations = []affiliation{
		{"University Of Cambridge", "cambridge.example"}, {"University Of Leeds", "leeds.example"},
		{"Uppsala University", "uppsala.example"}, {"Technical University Of Munich", "munich.example"},
		{"University Of Milan", "milan.example"}, {"Delft University Of Technology", "delft.example"},
		{"University Of Tokyo", "tokyo.example"}, {"Lund University", "lund.example"},
		{"Charles University", "prague.example"}, {"University Of Barcelona", "barcelona.example"},
		{"Unseen University", "unseen.example"}, {home, "lils.example"},
	}
	instruments = []instrument{
		{"ARGO", "Neutron reflectometry", "neutron"}, {"BOREAS", "Small angle scattering", "neutron"}, {"CETUS", "Powder diffraction", "neutron"},
		{"DORADO", "Single crystal diffraction", "neutron"}, {"FORNAX", "Muon spin rotation", "muon"}, {"GRUS", "X-ray tomography", "x-ray"},
		{"HYDRA", "Inelastic scattering", "neutron"}, {"INDUS", "Absorption spectroscopy", "x-ray"}, {"LYRA", "Grazing incidence scattering", "x-ray"},
		{"MENSA", "Magnetic imaging", "neutron"}, {"NORMA", "Total scattering", "neutron"}, {"PAVO", "Strain scanning", "neutron"},
		{"RETICULUM", "Quasielastic scattering", "neutron"}, {"VELA", "Powder diffraction", "x-ray"},
	}
	substances = []substance{
		{"nickel manganese gallium", "Ni2MnGa", ""}, {"lithium cobalt oxide", "LiCoO2", "Irritant; may cause an allergic reaction of the skin."},
		{"lysozyme", "C613H959N193O185S10", ""}, {"bismuth ferrite", "BiFeO3", ""}, {"polystyrene", "C8H8", ""},
		{"methylammonium lead iodide", "CH6I3NPb", "Toxic if swallowed; handle in a glove box."}, {"bronze", "Cu9Sn", ""},
		{"zinc terephthalate", "C24H12O13Zn4", ""}, {"lipid bilayers", "C36H72NO8P", ""}, {"holmium titanate", "Ho2Ti2O7", ""},
		{"nickel superalloy", "Ni3Al", ""}, {"magnesium hydride", "MgH2", "Reacts with water and sets hydrogen free."},
		{"cement paste", "Ca3SiO5", "Corrosive when wet."}, {"olivine", "Mg2SiO4", ""}, {"heavy water", "D2O", ""}, {"graphite", "C", ""},
		{"silicon", "Si", ""}, {"vanadium", "V", ""}, {"uranium dioxide", "UO2", "Radioactive; keep a record of every gram."},
		{"gallium arsenide", "GaAs", "Toxic dust."}, {"titanium dioxide", "TiO2", ""}, {"copper sulfate", "CuSO4", "Harmful to life in water."},
		{"ethylene glycol", "C2H6O2", "Harmful if swallowed."}, {"zeolite", "NaAlSiO4", ""}, {"barium iron arsenide", "BaFe2As2", "Toxic."},
		{"yttrium barium copper oxide", "YBa2Cu3O7", ""}, {"hydroxyapatite", "Ca5P3O13H", ""}, {"cellulose", "C6H10O5", ""},
		{"palladium hydride", "PdH", "Flammable powder."}, {"sodium chloride", "NaCl", ""},
	}
	conditions = []string{
		"at low temperature", "under pressure", "in a magnetic field", "during charging", "under shear",
		"at the phase transition", "in solution", "after annealing", "in operando", "with isotope contrast",
	}
	aspects = []string{ // of the topics: together the keywords
		"anisotropic", "critical", "coherent", "cryogenic", "diffuse", "dynamic", "elastic", "local", "long range", "magnetic",
		"nanoscale", "nonlinear", "residual", "short range", "structural", "surface", "thermal", "time resolved", "transverse", "uniaxial",
	}
	topics = []string{
		"absorption", "anomaly", "correlation", "damping", "defects", "deformation", "diffusion", "disorder", "domains", "excitation",
		"expansion", "fluctuation", "growth", "interface", "lattice", "ordering", "phonons", "polarisation", "porosity", "relaxation",
		"spin waves", "strain", "texture", "transition", "transport",
	}
	formats = []format{
		{"NeXus", "4.3", "binary", "nxs"}, {"HDF5", "1.14", "binary", "h5"}, {"TIFF", "6.0", "binary", "tif"}, {"CSV", "1.0", "text", "csv"},
		{"DAT", "1.0", "text", "dat"}, {"CIF", "1.1", "text", "cif"}, {"EDF", "2.0", "binary", "edf"}, {"JSON", "1.0", "text", "json"},
		{"LOG", "1.0", "text", "log"},
	}
	quantities = []quantity{ // the numeric ones first
		{"temperature", "K", "kelvin", "NUMERIC"}, {"magnetic_field", "T", "tesla", "NUMERIC"}, {"pressure", "bar", "bar", "NUMERIC"},
		{"wavelength", "Å", "angstrom", "NUMERIC"}, {"photon_energy", "keV", "kiloelectronvolt", "NUMERIC"}, {"two_theta", "deg", "degree", "NUMERIC"},
		{"rotation", "deg", "degree", "NUMERIC"}, {"height", "mm", "millimetre", "NUMERIC"}, {"beam_current", "µA", "microampere", "NUMERIC"},
		{"proton_charge", "µA.h", "microampere hour", "NUMERIC"}, {"counting_time", "s", "second", "NUMERIC"}, {"humidity", "%", "percent", "NUMERIC"},
		{"voltage", "V", "volt", "NUMERIC"}, {"shear_rate", "1/s", "per second", "NUMERIC"}, {"flow", "mL/min", "millilitre per minute", "NUMERIC"},
		{"load", "N", "newton", "NUMERIC"}, {"run_number", "N/A", "", "NUMERIC"}, {"frames", "N/A", "", "NUMERIC"},
		{"environment", "N/A", "", "STRING"}, {"remark", "N/A", "", "STRING"}, {"calibrated", "N/A", "", "DATE_AND_TIME"},
	}
)
