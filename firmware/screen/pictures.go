package screen

import "html/template"

// pictures are our own line drawings in a square of 96, by name. All are one stroke wide and have the colour of the text.
var pictures = map[string]string{
	"clinic":            `<path d="M14 84V40l34-24 34 24v44zM38 84V60h20v24M48 28v16M40 36h16"/>`,
	"badge":             `<rect x="22" y="20" width="52" height="62" rx="6"/><path d="M40 20v-8h16v8"/><circle cx="48" cy="44" r="9"/><path d="M34 70c2-12 26-12 28 0"/>`,
	"person":            `<circle cx="48" cy="30" r="14"/><path d="M20 82c2-34 54-34 56 0"/>`,
	"female":            `<circle cx="48" cy="24" r="12"/><path d="M48 36 30 66h36zM40 66v20M56 66v20"/>`,
	"male":              `<circle cx="48" cy="24" r="12"/><path d="M32 40h32v26H32zM40 66v20M56 66v20"/>`,
	"consent":           `<path d="M20 52l12 12 14-14M52 34h26M52 50h26M52 66h26"/><rect x="12" y="14" width="72" height="68" rx="6"/>`,
	"seated":            `<circle cx="40" cy="20" r="9"/><path d="M40 30v26h20v26M40 40l18 8M28 26v36h28M28 62v20M52 82h16"/>`,
	"cuff":              `<path d="M8 62c20 4 40-2 58-14l20-18M12 38c20 0 34-6 48-16"/><path d="M34 36l8 26 18-8-8-26z"/><path d="M50 58c2 14-6 20-14 22"/><path d="M70 66c4-6 12-2 8 4l-8 8-8-8c-4-6 4-10 8-4z"/>`,
	"finger":            `<path d="M8 52h38c10 0 10-14 0-14H8"/><path d="M40 26h38a8 8 0 0 1 8 8v6H44M44 52h42v6a8 8 0 0 1-8 8H40"/><path d="M60 34v4M60 52v4"/>`,
	"probe":             `<path d="M20 76l34-34M54 42l16-16a7 7 0 0 1 10 10L64 52z"/><path d="M14 82l6-6M28 20c-10 10-10 20 0 20M40 14c-10 10-10 20 0 20"/>`,
	"holder":            `<path d="M26 40v40h44V40M34 40v28h28V40M48 8v44M38 42l10 10 10-10"/>`,
	"doctor":            `<circle cx="36" cy="26" r="12"/><path d="M12 82c2-30 46-30 48 0M36 52v14M29 59h14"/><path d="M70 22v26M70 58v4"/>`,
	"tick":              `<circle cx="48" cy="48" r="36"/><path d="M30 50l12 12 24-26"/>`,
	"cross":             `<path d="M24 24l48 48M72 24 24 72"/>`,
	"again":             `<path d="M74 30a32 32 0 1 0 6 28M76 14v18H58"/>`,
	"plug":              `<path d="M36 12v20M60 12v20M26 32h44v14a22 22 0 0 1-44 0zM48 68v20"/>`,
	"door":              `<path d="M24 84V14h40v70M16 84h64M54 50h2"/><path d="M70 40l12 10-12 10"/>`,
	"wrong":             `<circle cx="34" cy="30" r="12"/><path d="M10 80c2-32 46-32 48 0M62 34l22 22M84 34 62 56"/>`,
	"next":              `<path d="M16 48h60M54 26l22 22-22 22"/>`,
	"back":              `<path d="M80 48H20M42 26 20 48l22 22"/>`,
	"play":              `<path d="M30 18l46 30-46 30z"/>`,
	"stop":              `<rect x="24" y="24" width="48" height="48"/>`,
	"pen":               `<path d="M18 78l6-20 40-40 14 14-40 40zM56 26l14 14"/>`,
	"skip":              `<path d="M18 24l28 24-28 24zM50 24l28 24-28 24z"/>`,
	"list":              `<path d="M34 26h46M34 48h46M34 70h46M16 26h4M16 48h4M16 70h4"/>`,
	"home":              `<path d="M12 48l36-32 36 32M24 40v42h48V40"/>`,
	"calendar":          `<rect x="16" y="22" width="64" height="60" rx="6"/><path d="M16 40h64M32 12v16M64 12v16"/>`,
	"erase":             `<path d="M34 24h46v48H34L12 48zM46 38l20 20M66 38 46 58"/>`,
	"heart":             `<path d="M48 80 18 48c-14-18 12-38 30-16 18-22 44-2 30 16z"/>`,
	"clock":             `<circle cx="48" cy="48" r="34"/><path d="M48 28v20l14 8"/>`,
	"offline":           `<path d="M14 40c20-18 48-18 68 0M28 54c12-10 28-10 40 0M44 70h8M16 84 80 16"/>`,
	"online":            `<path d="M14 40c20-18 48-18 68 0M28 54c12-10 28-10 40 0M44 70h8"/>`,
	"alert":             `<path d="M48 12 88 82H8zM48 38v22M48 68v4"/>`,
	"blood-pressure":    `<path d="M20 30h40v26H20zM60 40h12a10 10 0 0 1 0 26v14"/><circle cx="72" cy="80" r="6"/>`,
	"oximetry":          `<path d="M8 50h34c8 0 8-12 0-12H8M38 28h40v8H46M46 52h32v8H38"/>`,
	"temperature":       `<path d="M40 14a8 8 0 0 1 16 0v42a16 16 0 1 1-16 0zM48 34v30"/>`,
	"skip-no-device":    `<path d="M36 12v20M60 12v20M26 32h44v14a22 22 0 0 1-44 0zM48 68v20M14 82 82 14"/>`,
	"skip-refused":      `<circle cx="48" cy="30" r="14"/><path d="M20 82c2-34 54-34 56 0M34 58l28 20M62 58 34 78"/>`,
	"skip-device-fault": `<path d="M48 12 88 82H8zM48 38v22M48 68v4"/>`,
	"skip-not-needed":   `<circle cx="48" cy="48" r="34"/><path d="M24 72 72 24"/>`,
	"skip-other":        `<circle cx="24" cy="48" r="4"/><circle cx="48" cy="48" r="4"/><circle cx="72" cy="48" r="4"/>`,
}

// drawing is a picture as it stands in a page; it says nothing to a reader of the screen, since words stand beside it.
func drawing(name string) template.HTML {
	return template.HTML(`<svg class="i-` + name + `" viewBox="0 0 96 96" aria-hidden="true" focusable="false">` + pictures[name] + `</svg>`) //nolint:gosec // our own
}
