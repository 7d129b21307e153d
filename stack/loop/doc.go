// Package loop proves the whole stack on its real components. It holds tests
// alone: what a user does with the commands, what happens when a part is
// killed, and whether the verdict finds what was broken on purpose.
//
// The tests use the repository's state directory, so that what was downloaded
// and built serves them too, and ports of their own; they refuse to run beside
// a stack that is up.
package loop
