// Package broker is one connection to an MQTT 3.1.1 broker. It is the only importer of paho, and it uses paho for one connection's life:
// clean session, no reconnect, no retry, no store. With paho's own reconnect a publish can be reported as done that never was; here a
// publish ends with nil only after the broker's PUBACK, and with an error when the connection went first. Whoever wants another
// connection makes another Conn.
//
// # Half-open links
//
// Every write on the wire has a deadline of its own, so that a half-open link is noticed also when a ping is stuck behind a publish
// (paho.mqtt.golang issue 723). A silent broker is noticed after KeepAlive and PingTimeout: within a minute with the usual settings.
//
// # Order
//
// Messages are handled one at a time and in the order in which they came, over all subscriptions, in a goroutine of their own: paho's
// reader only hands over. So a handler may publish and wait for the PUBACK. Up to 1,024 messages wait for a slow handler; beyond that the
// reader waits too, and a handler that waits for a PUBACK just then gets the error of a lost connection after KeepAlive and PingTimeout.
package broker
