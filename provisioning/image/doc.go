// Command image builds the Debian packages: nabz-kiosk (the appliance, its units, device rules, its screen's browser policy), nabz-tools (kioskctl), nabz-clinic, and nabz-broker
// (Mosquitto by our rules), for arm64, armhf and amd64.
//
//	image --arch arm64 --version 0.0.1 --epoch 1764547200 --out dist
//
// The same sources give the same bytes: paths are trimmed, times are the epoch's, owners are root, and files come in order. Each package has its software bill of materials
// (CycloneDX) and the licences of everything that is linked or embedded.
package main
