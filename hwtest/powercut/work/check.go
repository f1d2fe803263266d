package work

// Checks are the ways in which a box has its card checked at start, one after another until one succeeds: arguments of e2fsck before the
// device. When the first superblock was torn there is another, elsewhere for each block size.
var Checks = [][]string{{"-p"}, {"-p", "-b", "32768", "-B", "4096"}, {"-p", "-b", "8193", "-B", "1024"}}
