#!/usr/bin/env bash
# usage: test/package/archive.t, in the sources
# The archive for PGXN: complete, and enough to build, install and uninstall from
# where there is no git.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

git() {
	env -i PATH="$PATH" HOME="$scratch" GIT_CEILING_DIRECTORIES="$scratch" \
		git -c user.name=tests -c user.email=tests@example.org "$@"
}

# make dist takes a commit; what is to be tested may not be one yet.
copy=$scratch/copy
mkdir "$copy"
tar -cf - --exclude=./.git --exclude='*.o' --exclude='*.so' --exclude='*.bc' . | tar -C "$copy" -xf -
git -C "$copy" init -q
git -C "$copy" add -A
git -C "$copy" commit -q -m all
check "make dist" make -s -C "$copy" dist
version=$(python3 -c 'import json; print(json.load(open("META.json"))["version"])')
archive=$copy/users-$version.zip
check "the archive bears the version of META.json" test -e "$archive"

mkdir "$scratch/elsewhere"
check "unzip" unzip -q "$archive" -d "$scratch/elsewhere"
is "all of it in a folder of its name" "$(ls -A "$scratch/elsewhere")" "users-$version"
sources=$scratch/elsewhere/users-$version
is "each file of the commit, but what is about git and CI" \
	"$(cd "$sources" && find . -type f | sed 's|^\./||' | sort)" \
	"$(git -C "$copy" ls-files | grep -vE '^(\.gitattributes|\.gitignore|\.ci/.*)$' | sort)"
check "META.json in it, and what it names" ci/check-meta "$sources/META.json"

# ---- from here without git

export DESTDIR=$scratch/root
in_sources() { make -s -C "$sources" with_llvm=no "$@"; }
in_relay() { make -s -C "$sources/relay" "$@"; }
installed() { find "$DESTDIR" ! -type d -printf '%P\n' | sort; }

check "the extension builds" in_sources
check "the relay builds" in_relay
mkdir "$DESTDIR"
check "the extension installs" in_sources install
check "the relay installs" in_relay install

libraries=$("$PG_CONFIG" --pkglibdir)
shared=$("$PG_CONFIG" --sharedir)
control=$(sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" users.control)
scripts() {
	find sql -name 'users--*.sql' -printf "$shared/extension/%f\n"
	echo "$shared/extension/users--$control.sql"
}
is "these files, and no others" "$(installed)" "$(printf '%s\n' "$libraries/users.so" \
	"$shared/extension/users.control" "$(scripts)" \
	/etc/users-mail-relay.conf /usr/local/lib/systemd/system/users-mail-relay.service \
	/usr/local/sbin/users-mail-relay /usr/local/share/man/man8/users-mail-relay.8 |
	sed 's|^/||' | sort)"
check "the relay runs" "$DESTDIR/usr/local/sbin/users-mail-relay" --version
check "its unit names what was installed" grep -q '^ExecStart=/usr/local/sbin/users-mail-relay --config /etc/users-mail-relay.conf$' \
	"$DESTDIR/usr/local/lib/systemd/system/users-mail-relay.service"

check "the extension is uninstalled" in_sources uninstall
check "the relay is uninstalled" in_relay uninstall
is "nothing remains" "$(installed)" ""

check "the relay installs again" in_relay install
echo "# mine" >>"$DESTDIR/etc/users-mail-relay.conf"
check "and over an administrator's settings" in_relay install
check "and is uninstalled" in_relay uninstall
is "the administrator's settings remain" "$(installed)" etc/users-mail-relay.conf
is "as they were" "$(tail -n 1 "$DESTDIR/etc/users-mail-relay.conf")" "# mine"

check "elsewhere, too" in_relay prefix=/opt/users sysconfdir=/opt/etc install
check "the unit names that" grep -q '^ExecStart=/opt/users/sbin/users-mail-relay --config /opt/etc/users-mail-relay.conf$' \
	"$DESTDIR/opt/users/lib/systemd/system/users-mail-relay.service"
check "uninstalled there" in_relay prefix=/opt/users sysconfdir=/opt/etc uninstall
is "only the settings remain" "$(installed)" etc/users-mail-relay.conf

finish
