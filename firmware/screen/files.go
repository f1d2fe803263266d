package screen

import (
	"embed"
	"io/fs"
	"net/http"
)

// fonts are put there by "make web" from the packages that package-lock.json names; nothing of them is committed.
//
//go:embed all:fonts
var fonts embed.FS

// HasFonts says whether this binary was built with the screen's fonts. Without them Urdu is not set as it should be.
func HasFonts() bool {
	_, err := fs.Stat(fonts, "fonts/noto-nastaliq-urdu.woff2")
	return err == nil
}

// say serves a spoken prompt.
func say(w http.ResponseWriter, r *http.Request) {
	path := voiceOf(r.PathValue("lang"), r.PathValue("key"))
	if path == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "audio/ogg")
	http.ServeFileFS(w, r, voices, path)
}

// files serves the style sheet, the script and the fonts.
func files() http.Handler {
	below, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	mux := http.NewServeMux()
	mux.Handle("GET /page.css", http.FileServerFS(below))
	mux.Handle("GET /page.js", http.FileServerFS(below))
	mux.Handle("GET /fonts/", http.FileServerFS(fonts))
	mux.HandleFunc("GET /say/{lang}/{key}", say)
	return mux
}
