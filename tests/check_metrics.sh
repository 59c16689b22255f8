#!/bin/sh
# Prometheus' own tool has nothing to say about the metrics, nor about the alerts of the examples, and
# these and the dashboard ask for no metric that there is not.
. "${srcdir:-$(dirname "$0")/..}/tests/lib.sh"

show=${SHOW:-tests/export/show}
examples=$srcdir/examples/monitoring

[ -x "$show" ] || skip "$show was not built"
"$show" metrics >"$tmp/metrics" || die "$show metrics fails"
[ "$(wc -l <"$tmp/metrics")" -gt 100 ] || die "$show metrics says next to nothing"

# known FILE: the names of ours that it asks for are those of samples.
known() {
	sed -n 's/^\(sparkspool_[a-z_]*\).*/\1/p' "$tmp/metrics" | sort -u >"$tmp/samples"
	grep -o 'sparkspool_[a-z_]*' "$1" | sort -u >"$tmp/asked"
	[ -s "$tmp/asked" ] || { say "$1 asks for nothing of ours"; return 1; }
	if comm -13 "$tmp/samples" "$tmp/asked" | grep . >"$tmp/unknown"; then
		sed "s|^|$1: no such metric: |" "$tmp/unknown" >&2
		return 1
	fi
}

printf 'expr: sparkspool_endpoints_up == 0\n' | sample unknown.yml
must_object 'a metric that there is not' known "$tmp/unknown.yml"
bad=0
known "$examples/sparkspool.rules.yml" || bad=1
known "$examples/sparkspool.dashboard.json" || bad=1
if command -v jq >/dev/null; then
	jq -e '.panels | length > 5' "$examples/sparkspool.dashboard.json" >/dev/null ||
		{ say 'the dashboard is not JSON with panels'; bad=1; }
fi
[ $bad -eq 0 ] || exit 1

promtool=$(sh "$srcdir/tests/export/promtool") || skip 'there is no promtool: tests/export/promtool --fetch'
# What it only advises ("should") counts as well.
pure() {
	"$promtool" check metrics <"$1" >"$tmp/verdict" 2>&1 && [ ! -s "$tmp/verdict" ] ||
		{ cat "$tmp/verdict" >&2; echo "promtool objects to $1" >&2; return 1; }
}
printf '# TYPE sparkspool_x counter\nsparkspool_x{a="b} 1\n' | sample broken.prom
must_object 'metrics that cannot be read' pure "$tmp/broken.prom"
pure "$tmp/metrics" || exit 1
printf 'groups:\n- name: x\n  rules:\n  - alert: y\n    expr: sum(\n' | sample broken.yml
must_object 'a rule that is none' "$promtool" check rules "$tmp/broken.yml"
"$promtool" check rules "$examples/sparkspool.rules.yml" >&2 || exit 1
