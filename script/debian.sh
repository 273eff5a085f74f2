# shellcheck shell=bash
# Throw-away Debian systems: folders that root makes and works in. Sourced after
# lib.sh.

[ "$(id -u)" = 0 ] || die "only root can make a system to work in"

# Where this system has its packages from; others of the kind are there, too.
mirror() {
	# shellcheck disable=SC2016 # for apt-get
	apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v release="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" \
			'$1 == "Debian" && $2 == release {print $3; exit}'
}

# make_system RELEASE FOLDER
make_system() {
	local from log
	command -v debootstrap >/dev/null || die "debootstrap is missing"
	from=$(mirror) || from=
	log=$(mktemp)
	debootstrap --variant=minbase "$1" "$2" ${from:+"$from"} >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		rm "$log"
		die "debootstrap failed"
	}
	rm "$log"
	# A mirror may be late, and what is lost with the power is made again.
	echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/90throw-away"
	echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/90throw-away"
}

seen= # a folder that is seen in each system, in /mnt, and not written to

# in_system FOLDER COMMAND...: what is mounted and started there ends with it.
in_system() { in_namespaces "" "$@"; }

# in_layer FOLDER COMMAND...: so does what is written, which is kept in memory.
in_layer() { in_namespaces layer "$@"; }

in_namespaces() {
	# shellcheck disable=SC2016 # for the other shell
	env -i PATH="$PATH" LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive JOBS="${JOBS:-2}" \
		unshare --mount --pid --fork --kill-child -- sh -ec '
			layer=$1 seen=$2 root=$3
			shift 3
			if [ -n "$layer" ]; then
				over=$root/mnt
				mount -t tmpfs -o mode=755 tmpfs "$over"
				mkdir "$over/new" "$over/work" "$over/root"
				mount -t overlay -o "lowerdir=$root,upperdir=$over/new,workdir=$over/work" \
					overlay "$over/root"
				root=$over/root
			fi
			if [ -n "$seen" ]; then
				mount --bind "$seen" "$root/mnt"
				mount -o remount,bind,ro "$root/mnt"
			fi
			mount -t proc proc "$root/proc"
			mkdir -p "$root/dev/pts" "$root/dev/shm"
			mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
			ln -sf pts/ptmx "$root/dev/ptmx"
			mount -t tmpfs tmpfs "$root/dev/shm"
			exec chroot "$root" "$@"' sh "$1" "$seen" "${@:2}" </dev/null
}
