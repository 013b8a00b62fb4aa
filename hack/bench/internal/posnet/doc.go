// Package posnet measures a network of posnet: the processes of 'posnet devnet' under the load of 'posnet bench load'.
//
// Only the posnet program is driven, by its flags, its files and its HTTP API, as a user would. The generator signs its
// transfers before it sends them, counts from the contents of blocks, and says at its end what came of the window it
// measured; that window is the one for which the nodes' processor time and memory are taken.
package posnet
