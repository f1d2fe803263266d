// Package authority is a programme's own certificate authority: one root, one issuing key, and what they have signed. It runs at headquarters and never on a kiosk.
//
//	{dir}/
//	  root.crt       20 years; signs the issuing certificate and nothing else
//	  root.age       its key: after the authority was made it belongs in a safe
//	  issuing.crt    10 years; signs kiosks, clinics, brokers and signers of profiles, the revocation list, and what goes to kiosks on a stick
//	  issuing.age    its key
//	  ca.crt         both certificates: what kiosks, clinics and brokers trust
//	  ca.crl         the newest revocation lists, of both; root.crl is the root's
//	  log            who was invited, what was issued and revoked, each line with the hash of the one before
//	  lock           held while something is done
//
// Keys are ECDSA P-256, encrypted with a passphrase (age, scrypt). A certificate says whose it is in its common name; what a kiosk may do follows from that name
// alone, at the broker. A line of the log is on stable storage before a certificate is given away, so none is out that the log does not know.
package authority
