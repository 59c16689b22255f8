# What demo and check share: words, packages, the build.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${SPARKSPOOL_BUILD:-$TOP/build}

BUILD_PACKAGES="gcc make autoconf automake pkg-config libcurl4-openssl-dev libjansson-dev
	libconfig-dev libsqlite3-dev libmd-dev check libsubunit-dev"
LIVY_PACKAGES="openjdk-17-jdk-headless maven python3 python3-venv gcc curl inotify-tools"
PACKAGE_PACKAGES="dpkg-dev debhelper lintian"
TEST_PACKAGES="clang-format universal-ctags mandoc jq openssl util-linux procps
	systemd-container chromium bindfs"

say() { printf '\n== %s\n' "$*"; }
die() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "packages are missing and this is neither root nor a machine with sudo; as root: $*"
	fi
}

# Installs what is not there. A command that another package provides counts as there.
need_packages() {
	local missing=() p
	for p in "$@"; do
		case $p in
		maven) command -v mvn >/dev/null && continue ;;
		openjdk-17-jdk-headless) command -v javac >/dev/null && continue ;;
		esac
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	say "installing ${missing[*]} (a minute or two, up to 400 MB with the JDK)"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null ||
		die "apt-get update does not work: is there a network?"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		"${missing[@]}" >/dev/null || die "apt-get could not install ${missing[*]}"
}

# build DIR [CONFIGURE OPTIONS]: configures if need be, and makes; the whole log is DIR/build.log.
build() {
	local dir=$1
	shift
	mkdir -p "$dir"
	if [ ! -x "$TOP/configure" ] || [ "$TOP/configure.ac" -nt "$TOP/configure" ] ||
		[ "$TOP/Makefile.am" -nt "$TOP/Makefile.in" ]; then
		"$TOP/autogen.sh" >"$dir/build.log" 2>&1 || { tail -n 20 "$dir/build.log" >&2; die autogen.sh; }
	fi
	(
		cd "$dir" || exit 1
		[ -f Makefile ] && [ ! "$TOP/configure" -nt Makefile ] || "$TOP/configure" -q "$@"
	) >>"$dir/build.log" 2>&1 || { tail -n 20 "$dir/build.log" >&2; die configure; }
	make -C "$dir" -j"$(nproc)" >>"$dir/build.log" 2>&1 || { tail -n 30 "$dir/build.log" >&2; die make; }
}
