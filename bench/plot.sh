# shellcheck shell=bash
# How script/bench, which sources this, draws what was measured. (What the one
# sets, the other uses; gnuplot's names and jq's are no shell's.)
# shellcheck disable=SC2016,SC2154

# Of results as JSON, lines for bench/plot.gp, each after the name of its group.
lines_to_draw='
	def refuse: "no results of script/bench: \(.)" | halt_error(1);
	def is_figure:
		type == "object"
		and all(.group, .name; type == "string" and test("\\A[a-z][a-z0-9-]*\\z"))
		and all(.lowest, .ratio, .highest, .baseline, .goal // 1; type == "number" and . > 0)
		and .lowest <= .ratio and .ratio <= .highest
		and any(.goal_is == ("", "<=", ">=", "figure <"); .);
	def goal:
		if .goal == null then "NaN", "-"
		elif .goal_is == "figure <" then .goal / .baseline, "<="
		else .goal, .goal_is end;
	def verdict:
		if .goal_met == null then "none" elif .goal_met then "met" else "missed" end;

	if length == 1 then .[0] | .figures? // null else "\(length) documents" | refuse end
	| if type == "array" and length > 0 then . else "no figures" | refuse end
	| map(if is_figure then . else "\(.name? // . | tojson) is no figure with group, ratio, spread and goal" | refuse end)
	| .[]
	| [.group, .name, .ratio, .lowest, .highest, goal, verdict]
	| join(" ")'

# draw FOLDER FILE: a picture of each group in results as JSON, FOLDER/GROUP.svg.
draw() {
	local lines group picture
	[ -r "$2" ] || die "cannot read $2"
	lines=$(jq -r -s "$lines_to_draw" <"$2" 2>&1) || die "$2: $lines"
	mkdir -p "$1"
	while IFS= read -r group; do
		picture=$({
			echo '$figures << END'
			sed -n "s/^$group //p" <<<"$lines"
			echo END
			cat "$top/bench/plot.gp"
		} | gnuplot -d) || die "gnuplot has not drawn $group"
		printf '%s\n' "$picture" >"$1/$group.svg"
	done < <(cut -d ' ' -f 1 <<<"$lines" | sort -u)
}
