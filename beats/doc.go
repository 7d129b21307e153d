// Package beats holds the configuration of the two shippers: filebeat.yml moves
// demo-app's lines, metricbeat.yml the metrics, and native/ is a module of its
// own that builds both programs; profiles/ has what Filebeat does otherwise when
// it is to save processor time rather than time; others/ configures shippers, Filebeat among
// them, that are put on trial with loadgen lines. There is no code here but
// tests, which hold the files to the names that the other components use and to
// options that every supported version of the Beats knows. Whether lines really
// arrive is for the whole loop to show, in package stack.
package beats
