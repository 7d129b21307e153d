package telemetry

// Fields of a verdict: one document for each time a run was judged.
const (
	FieldVerdictSent          = "plumbline.verdict.sent" // attempts of the ledger that left
	FieldVerdictDelivered     = "plumbline.verdict.delivered"
	FieldVerdictLost          = "plumbline.verdict.lost"
	FieldVerdictDuplicated    = "plumbline.verdict.duplicated"
	FieldVerdictCorrupted     = "plumbline.verdict.corrupted"
	FieldVerdictUnexpected    = "plumbline.verdict.unexpected"
	FieldVerdictIndeterminate = "plumbline.verdict.indeterminate"
)

// DatasetVerdict is event.dataset of a verdict.
const DatasetVerdict = "plumbline.verdict"
