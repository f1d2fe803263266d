// Package identity is the folder in which a kiosk keeps who it is, and the steps by which it gets there. It is the kiosk's only writer of it, at enrolment and later.
//
//	{dir}/
//	  enrolment.json  name, site and, on line, where to ask, with what token, until the certificate is there; written first
//	  kiosk.key       born here, never leaves; ECDSA P-256, PKCS #8
//	  ca.crt          whom the kiosk trusts, taken once, by the fingerprint of its root
//	  ca.crl          what the authority took back
//	  kiosk.crt       the kiosk's certificate and the authorities above it
//	  history.key     of the kiosk's own memory of visits (firmware/visits), practice.key of practice; here because this folder is on another partition than the data
//	  profile         the site profile, signed
//
// Each file is whole or not there after a power cut, and each step looks at what is there already. So an enrolment that was cut goes on where it was, with the key that it
// had: one box, one identity.
package identity
