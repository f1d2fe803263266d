// Package broker is one connection to an MQTT 3.1.1 broker. It is the only importer of paho, and it uses paho for one connection's life:
// clean session, no reconnect, no retry, no store. With paho's own reconnect a publish can be reported as done that never was; here a
// publish ends with nil only after the broker's PUBACK, and with an error when the connection went first. Whoever wants another
// connection makes another Conn.
//
// Every write on the wire has a deadline of its own, so that a half-open link is noticed also when a ping is stuck behind a publish.
package broker
