#!/usr/bin/env bash
# usage: test/package/meta.t, in the sources
# ci/check-meta takes META.json, and other distributions that the specification
# allows, and refuses what it does not.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

cp users.control README.md "$scratch"

change() { # PYTHON: what is done to the distribution m
	python3 -c "
import json
m = json.load(open('META.json'))
$1
json.dump(m, open('$scratch/META.json', 'w'))"
}
accepts() {
	change "$2"
	check "accepts $1" ci/check-meta "$scratch/META.json"
}
# It says why, and did not break down itself.
refused() {
	! ci/check-meta "$scratch/META.json" >"$scratch/why" 2>&1 || return 1
	grep -q . "$scratch/why" && ! grep Traceback "$scratch/why"
}
rejects() {
	change "$2"
	check "rejects $1" refused
}

accepts "ours" "pass"
accepts "one maintainer" "m['maintainer'] = 'Ada <ada@example.org>'"
accepts "licences by address" "m['license'] = {'PostgreSQL': 'https://example.org/licence'}"
accepts "two licences" "m['license'] = ['postgresql', 'mit']"
accepts "what is custom" "m['x_more'] = {'any': [1]}"
accepts "no tags" "del m['tags']"
accepts "ranges of versions" "m['prereqs']['test'] = {'requires': {'pgTAP': '>= 1.2.0, != 1.3.0, < 2.0.0'}}"
accepts "a version before a release" "m['version'] = '2.0.0-rc1'"
accepts "resources" "m['resources'] = {'bugtracker': {'mailto': 'bugs@example.org'}, 'homepage': 'https://example.org/'}"

for key in abstract license maintainer meta-spec name provides version; do
	rejects "no $key" "del m['$key']"
done
for key in abstract description name version; do
	rejects "an empty $key" "m['$key'] = ''"
	rejects "a number for $key" "m['$key'] = 1"
done
rejects "an unknown key" "m['licence'] = 'postgresql'"
rejects "an unknown key in provides" "m['provides']['users']['files'] = 'x'"
rejects "an unknown licence" "m['license'] = 'PostgreSQL'"
rejects "a licence at no address" "m['license'] = {'PostgreSQL': 'here'}"
rejects "no maintainers" "m['maintainer'] = []"
rejects "a name with a space" "m['name'] = 'the users'"
rejects "a name with a line feed at its end" "m['name'] = 'users\\n'"
rejects "a version of two parts" "m['version'] = '1.0'"
rejects "a version with a leading zero" "m['version'] = '1.00.0'"
rejects "a version of an extension of two parts" "m['provides']['users']['version'] = '1.0'"
rejects "an extension without a file" "del m['provides']['users']['file']"
rejects "a file that is not there" "m['provides']['users']['file'] = 'none.control'"
rejects "a page that is not there" "m['provides']['users']['docfile'] = 'NONE.md'"
rejects "nothing provided" "m['provides'] = {}"
rejects "another specification" "m['meta-spec']['version'] = '2.0.0'"
rejects "an unknown status" "m['release_status'] = 'beta'"
rejects "an unknown phase" "m['prereqs']['install'] = {'requires': {'plpgsql': 0}}"
rejects "an unknown relation" "m['prereqs']['runtime']['wants'] = {'plpgsql': 0}"
rejects "a prerequisite's version of two parts" "m['prereqs']['runtime']['requires']['PostgreSQL'] = '15.0'"
rejects "a prerequisite's version false" "m['prereqs']['runtime']['requires']['plpgsql'] = False"
rejects "a tag with a slash" "m['tags'].append('sign-up/sign-in')"
rejects "a tag of 257 characters" "m['tags'].append('x' * 257)"
rejects "a list" "m = [m]"

printf '{"name": "users", "name": "users"}' >"$scratch/META.json"
check "rejects a key twice" refused
printf '{' >"$scratch/META.json"
check "rejects what is no JSON" refused

finish
