# nabz: every target is a line or two of go. `make` lists them.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
CMDS    := kiosk kioskctl kiosksim clinic
CUTS    ?= 42
ARCH    ?= arm64 armhf amd64
EPOCH   := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
DEBVERSION := $(shell git log -1 --format=%cd --date=format:0.0.%Y%m%d%H%M%S 2>/dev/null || echo 0.0)
LONGEST := nabz/hwtest/touch nabz/firmware nabz/hwtest nabz/queue
PURE    := nabz/firmware/fhir nabz/firmware/exam nabz/hwtest/distrust # they decide and decode: the race detector would find nothing and takes six times as long
export CGO_ENABLED ?= 0

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

bin: web ## the four programs for this machine, in bin/
	@go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ $(CMDS:%=./cmd/%)

run: bin ## clinic, simulated peripherals and kiosk; Ctrl-C stops all of it
	@exec bin/kiosksim run --data .nabz/run

demo: bin ## three scripted visits without a person, under a minute
	@exec bin/kiosksim demo --data .nabz/demo

voice: deps ## robotic prompts of the screen in both languages, to be embedded; recordings take their place
	@go run ./firmware/screen/words/speak firmware/screen/voice

web: deps voice ## fonts and curves of the screen and of the doctor's pages, from npm by lock file, and the prompts, to be embedded
	@cp node_modules/@fontsource-variable/noto-nastaliq-urdu/files/noto-nastaliq-urdu-arabic-wght-normal.woff2 firmware/screen/fonts/noto-nastaliq-urdu.woff2
	@cp node_modules/@fontsource-variable/noto-sans/files/noto-sans-latin-wght-normal.woff2 firmware/screen/fonts/noto-sans.woff2
	@cat node_modules/@fontsource-variable/noto-nastaliq-urdu/LICENSE node_modules/@fontsource-variable/noto-sans/LICENSE > firmware/screen/fonts/OFL.txt
	@cp node_modules/@fontsource-variable/noto-naskh-arabic/files/noto-naskh-arabic-arabic-wght-normal.woff2 cmd/clinic/internal/site/fonts/noto-naskh-arabic.woff2
	@cp firmware/screen/fonts/noto-sans.woff2 cmd/clinic/internal/site/fonts/
	@cp node_modules/uplot/dist/uPlot.iife.min.js node_modules/uplot/dist/uPlot.min.css cmd/clinic/internal/site/fonts/
	@cp node_modules/uplot/LICENSE cmd/clinic/internal/site/fonts/uPlot.LICENSE
	@cat node_modules/@fontsource-variable/noto-naskh-arabic/LICENSE node_modules/@fontsource-variable/noto-sans/LICENSE > cmd/clinic/internal/site/fonts/OFL.txt
	@echo "awaiting a native clinical reviewer: the words of $$(sed -n 's/^var AwaitingReview = .*{\(.*\)}/\1/p' firmware/screen/words/words.go)"

test: web lint ## install what is missing, then every check and race test
	@# what is parallel waits for devices, not for processors; the longest begin first
	CGO_ENABLED=1 go test -race -p 3 -parallel 4 -timeout 10m $(LONGEST) $(filter-out $(LONGEST) $(PURE),$(shell go list ./...))
	go test $(PURE)

lint: ## vet, for boards of 32 bits too, staticcheck, gofumpt
	go vet ./... && go tool staticcheck -checks all ./...
	@GOARCH=arm GOARM=7 CGO_ENABLED=0 go vet ./cmd/...
	@out=$$(go tool gofumpt -l cmd drivers firmware queue hwtest provisioning); test -z "$$out" || { echo "gofumpt: $$out"; exit 1; }

deps: ## what the tests need: mosquitto, QEMU, ext4's tools, Chromium, a robotic voice, and npm packages by lock file
	@{ command -v mosquitto || test -x /usr/sbin/mosquitto; } >/dev/null && command -v qemu-system-aarch64 >/dev/null && command -v mke2fs >/dev/null && command -v chromium >/dev/null && command -v espeak-ng >/dev/null && command -v opusenc >/dev/null && command -v mosquitto_sub >/dev/null && command -v swtpm >/dev/null && command -v curl >/dev/null && command -v openssl >/dev/null && command -v systemd-analyze >/dev/null || \
	{ apt-get update -q && apt-get install -qy --no-install-recommends mosquitto mosquitto-clients qemu-system-arm e2fsprogs chromium espeak-ng opus-tools curl openssl ca-certificates systemd swtpm; }
	@test node_modules/.package-lock.json -nt package-lock.json || npm ci --no-audit --no-fund

package: web ## the Debian packages in bin/dist/, for ARCH (all three where it is not said)
	@for arch in $(ARCH); do go run ./provisioning/image --arch $$arch --version $(DEBVERSION) --commit $(COMMIT) --epoch $(EPOCH) --out bin/dist || exit 1; done

package-check: web ## the packages built twice and compared, and installed in a clean Debian of each architecture; root and a Debian mirror, about 15 min
	@mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
	@{ command -v debootstrap && command -v qemu-arm-static && command -v systemd-nspawn; } >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends debootstrap qemu-user-static binfmt-support systemd-container; }
	go test -count=1 -timeout 60m -tags roots -run 'TestSameBytes|TestCleanRoot' -v ./provisioning/image

bench: bin bench-queue-short ## speeds as ratios against a reference of the same run, and what a kiosk at work costs its box
	go test -run '^$$' -bench . -benchmem ./drivers/oximeter ./drivers/bpcuff ./drivers/monitor ./drivers/thermometer ./firmware/wire ./queue
	go test -count=1 -run TestDriversDoNotAllocate -v ./hwtest/distrust | grep -v '^=== RUN'
	go build -trimpath -o bin/kioskbench ./hwtest/kioskbench && bin/kioskbench

bench-ward: bin ## how long a number takes to the doctor's page, and 200 watchers of 50 kiosks; about 7 min
	go build -trimpath -o bin/wardbench ./hwtest/wardbench && bin/wardbench

bench-queue: ## the queue beside SQLite, bbolt and the bare disk; root for the simulated card, 10 min
	go run ./hwtest/queuebench

bench-queue-short: ## the same, smaller, under 90 s
	go run ./hwtest/queuebench -short

powercut: powercut-bin ## the power of virtual kiosks is cut 46 times, 120 crash states are replayed, three controls must be caught; under 3 min
	@exec bin/powercut --cuts $(CUTS) --visits 3 --pis 1 --states 120

powercut-long: powercut-bin ## the same, 300 cuts of the queue, 20 of a kiosk at work, 40 of a Raspberry Pi, 1,500 replayed states; about 25 min
	@exec bin/powercut --cuts 300 --visits 20 --pis 40 --states 1500

hil: powercut-bin ## the unmodified kiosk on a real kernel in QEMU: I2C, GPIO, USB and a watchdog, with what a reading writes to the card; under 2 min
	@go build -trimpath -o bin/hil ./hwtest/hil && exec bin/hil

powercut-bin: bin
	@GOOS=linux GOARCH=arm64 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/guest-kiosk ./cmd/kiosk
	@GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/guest ./hwtest/powercut/guest
	@go build -trimpath -o bin/powercut ./hwtest/powercut

damage: ## a closed or killed queue is damaged at random, 1,000 times; every byte of every device's measurement is spoiled
	NABZ_DAMAGE=1000 go test -run TestDamagedStore -v -timeout 15m ./queue
	NABZ_DAMAGE=1 go test -v -timeout 30m ./hwtest/distrust

fuzz: ## every decoder, a minute each
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime 60s $$p || exit 1; done; done

soak: bin ## 200 readings, 50 times kill -9 of kiosk, broker or clinic
	@exec bin/kiosksim soak --data .nabz/soak --readings 200 --kills 50

soak-short: bin ## the same, ten kills
	@exec bin/kiosksim soak --data .nabz/soak --readings 30 --kills 10

build: web ## stripped static binaries for every board, in bin/<os>-<arch>/
	@for a in amd64 arm64 arm; do GOOS=linux GOARCH=$$a GOARM=7 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/linux-$$a/ $(CMDS:%=./cmd/%) || exit 1; done
	@ls -l bin/linux-*/

.PHONY: help bin voice web run demo test lint deps bench bench-queue bench-queue-short powercut powercut-long powercut-bin hil damage fuzz soak soak-short build
