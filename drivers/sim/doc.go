// Package sim is the far end of each wire: oximeters, cuffs, thermometers and boards that answer like the real ones, all attached to one
// Patient, with faults on demand. Each is written from its maker's manual and from published captures, never from the driver that will
// talk to it.
//
//	p := sim.NewPatient(sim.PatientOpts{Seed: 7, Systolic: 128, Diastolic: 82})
//	ox := sim.NewContec(p, sim.Opts{Speed: 20})
//	plug := sim.NewPlug("/tmp/oximeter", ox)       // a serial port whose device is ox
//	go plug.Run(ctx)
//	ox.Inject(sim.FingerOut)
//
// # Time
//
// A device counts its own time, Speed times faster than life, from its first Serve on. Everything it does follows that time: frames per
// second, inflation, averaging, time-outs. It goes on while nobody is connected: a cuff whose cable was pulled still deflates.
//
// # Bytes that nobody reads
//
// A serial line does not wait for its reader, so no device here does. Frames go to an outbox of 256 frames; what does not fit is lost.
// Frames reach the host cut at arbitrary places, as a UART delivers them.
//
// # Hands
//
// Unless Opts.ByHand is set the patient helps: the finger goes in a second after the host starts the stream and out when the host stops
// it; the probe is taken when the host asks for records and returned some seconds after the final value. With ByHand a person, or a
// script, calls FingerIn, FingerOut, TakeProbe and ReturnProbe.
package sim
