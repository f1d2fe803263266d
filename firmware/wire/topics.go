// Package wire is the contract that kiosk and clinic share: topics, receipts, the kiosk's state, the hello exchange and the forms that
// a payload may have. Golden files in testdata hold it still.
//
//	{root}/{kiosk}/state        retained, QoS 1, also the last will        State
//	{root}/{kiosk}/up/hello     QoS 1                                      Hello
//	{root}/{kiosk}/up/obs       QoS 1, one Bundle a line                   Pack
//	{root}/{kiosk}/up/evt       QoS 1                                      VisitOpened
//	{root}/{kiosk}/up/res       QoS 1                                      Result
//	{root}/{kiosk}/down/hello   QoS 1                                      HelloReply
//	{root}/{kiosk}/down/ack     QoS 1                                      Ack
//	{root}/{kiosk}/down/cmd     QoS 1                                      Command
//	{root}/{kiosk}/live/{session}/num     QoS 0                            Numerics
//	{root}/{kiosk}/live/{session}/ppg     QoS 0                            Frame
//	{root}/ehr/{clinic}/state   retained, QoS 1, also the last will        ClinicState
//
// No patient is ever in a topic.
package wire

import (
	"fmt"
	"regexp"
	"strings"
)

// Roots of the topic tree. Practice has its own, used with its own credentials.
const (
	LiveRoot     = "kiosk/v1"
	PracticeRoot = "kiosk-test/v1"
)

// Root returns the root for live or practice.
func Root(practice bool) string {
	if practice {
		return PracticeRoot
	}
	return LiveRoot
}

// The parts of a kiosk's tree.
const (
	StateTopic     = "state"
	UpHello        = "up/hello"
	UpObs          = "up/obs"
	UpEvt          = "up/evt"
	UpRes          = "up/res"
	DownHello      = "down/hello"
	DownAck        = "down/ack"
	DownCmd        = "down/cmd"
	DownCfg        = "down/cfg" // a site profile, signed (CMS)
	clinicReserved = "ehr"
)

var kioskName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// CheckKiosk says what is wrong with a kiosk's name, or nil. "ehr" is reserved for clinics.
func CheckKiosk(name string) error {
	if !kioskName.MatchString(name) {
		return fmt.Errorf("kiosk name %q: use 1 to 40 of a-z, 0-9 and -", name)
	}
	if name == clinicReserved {
		return fmt.Errorf("kiosk name %q is reserved for the clinic", name)
	}
	return nil
}

// Topic is a kiosk's topic: Topic(LiveRoot, "bhu-1", UpObs).
func Topic(root, kiosk, part string) string { return root + "/" + kiosk + "/" + part }

// All is the filter for that part of every kiosk.
func All(root, part string) string { return root + "/+/" + part }

// ClinicTopic is where a clinic says whether it is there. All clinics: ClinicTopic(root, "+").
func ClinicTopic(root, clinic string) string {
	return root + "/" + clinicReserved + "/" + clinic + "/state"
}

// Split takes a kiosk's topic apart. It refuses other roots, bad kiosk names and a clinic's own topics.
func Split(root, topic string) (kiosk, part string, err error) {
	rest, ok := strings.CutPrefix(topic, root+"/")
	if !ok {
		return "", "", fmt.Errorf("topic %q is not under %s", topic, root)
	}
	kiosk, part, ok = strings.Cut(rest, "/")
	if !ok || part == "" {
		return "", "", fmt.Errorf("topic %q has no part after the kiosk", topic)
	}
	return kiosk, part, CheckKiosk(kiosk)
}

// BundleID is the id of a kiosk's entry everywhere beyond the kiosk: Bundle.identifier and the receipt's id.
func BundleID(kiosk, entry string) string { return kiosk + "-" + entry }

// EntryID undoes BundleID; false when the id is another kiosk's.
func EntryID(kiosk, id string) (string, bool) {
	entry, ok := strings.CutPrefix(id, kiosk+"-")
	return entry, ok && len(entry) == len("0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01")
}
