package identity

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"time"
	"unicode/utf8"

	"rsc.io/qr"

	"nabz/provisioning/authority"
)

// Record is what an inventory has of a box.
type Record struct {
	Name        string    `json:"kiosk"`
	Site        string    `json:"site"`
	Fingerprint string    `json:"fingerprint"` // of the key, as people read it
	Until       time.Time `json:"until"`       // the certificate's end
	Root        string    `json:"root"`        // the authority's fingerprint
}

// Record is this box's.
func (f Folder) Record() (Record, error) {
	e, err := f.Enrolment()
	if err != nil {
		return Record{}, err
	}
	c, err := f.Certificate()
	if err == nil && c == nil {
		err = errors.New("this box has no certificate yet: kioskctl enrol")
	}
	if err != nil {
		return Record{}, err
	}
	all, err := f.Authorities()
	if err != nil {
		return Record{}, err
	}
	return Record{
		Name: e.Name, Site: e.Site, Fingerprint: authority.KeyFingerprint(c), Until: c.NotAfter.UTC(), Root: authority.Fingerprint(all[len(all)-1]),
	}, nil
}

// Code is what the label's QR code says.
func (r Record) Code() string {
	return fmt.Sprintf("nabz:%s?site=%s&key=%s", r.Name, base64.RawURLEncoding.EncodeToString([]byte(r.Site)), r.Fingerprint)
}

// Label is a page of 62 by 29 mm, as label printers take it, in SVG: name, site, fingerprint, and a QR code of them.
func (r Record) Label() ([]byte, error) {
	code, err := qr.Encode(r.Code(), qr.M)
	if err != nil {
		return nil, fmt.Errorf("label: %w", err)
	}
	side := float64(code.Size + 8) // four modules of quiet zone on each side
	var path string
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				path += fmt.Sprintf("M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="62mm" height="29mm" viewBox="0 0 62 29" font-family="sans-serif">
<rect width="62" height="29" fill="#fff"/>
<g transform="translate(1 1) scale(%.5f)"><path d="%s"/></g>
%s%s<text x="30" y="21" font-size="2.6" font-family="monospace">%s</text>
<text x="30" y="25" font-size="2.6" font-family="monospace">%s</text>
</svg>
`, 27/side, path, fitted(r.Name, 8, 5), fitted(r.Site, 14, 3.2), r.Fingerprint[:9], r.Fingerprint[10:]), nil
}

// fitted is a line of text in what the label has beside its code: as large as most, smaller where it is long, and pressed together where that is not enough.
func fitted(text string, y, most float64) string {
	const width, wide, least = 31, 0.68, 2.2 // mm; of a letter's size, generously
	n := float64(utf8.RuneCountInString(text))
	size := min(most, max(least, width/(wide*max(n, 1))))
	press := ""
	if n*wide*size > width {
		press = fmt.Sprintf(` textLength="%d" lengthAdjust="spacingAndGlyphs"`, width)
	}
	return fmt.Sprintf(`<text x="30" y="%g" font-size="%.2f"%s>%s</text>`+"\n", y, size, press, html.EscapeString(text))
}
