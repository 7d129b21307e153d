# The same images as compose.yaml builds, with labels, for every kind of machine:
#
#   make images                                   # for this machine, into its Docker
#   make images TARGETS=test                      # the tests of what goes into them
#   PLUMBLINE_IMAGES=ghcr.io/you/plumbline VERSION=v1.0.0 make images TARGETS=publish ARGS=--push
#
# make takes revision and time from git; all it types is docker buildx bake.

variable "GO_VERSION" { default = "1.26.8" } # as in .env, which a test holds
variable "PLUMBLINE_IMAGES" { default = "plumbline" }
variable "VERSION" { default = "dev" }
variable "REVISION" { default = "" }
variable "CREATED" { default = "" }

# Seconds since 1970: with it BuildKit gives all files and the image this time.
variable "SOURCE_DATE_EPOCH" { default = null }

group "default" { targets = ["image"] }
group "publish" { targets = ["published"] }

target "sources" {
  context = "."
  args = {
    GO_VERSION        = GO_VERSION
    VERSION           = VERSION
    REVISION          = REVISION
    CREATED           = CREATED
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
}

target "test" {
  inherits = ["sources"]
  target   = "test"
  output   = ["type=cacheonly"]
}

target "image" {
  inherits = ["sources"]
  name     = part
  matrix   = { part = ["demo-app", "icatfake", "loadgen", "provisioner"] }
  target   = part
  tags     = ["${PLUMBLINE_IMAGES}/${part}:${VERSION}"]
}

# What is published says how it was made and of what.
target "published" {
  inherits  = [part]
  name      = "${part}-published"
  matrix    = { part = ["demo-app", "icatfake", "loadgen", "provisioner"] }
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=provenance,mode=max", "type=sbom"]
}
