# strip.awk: C without its comments and the insides of its literals, each line as FILE:LINE:TEXT.

function strip(s,    out, c, two, i, n) {
	out = ""
	n = length(s)
	for (i = 1; i <= n; i++) {
		c = substr(s, i, 1)
		two = substr(s, i, 2)
		if (inside == "*") {
			if (two == "*/") {
				inside = ""
				out = out " "
				i++
			}
		} else if (inside != "") {
			if (c == "\\")
				i++
			else if (c == inside) {
				inside = ""
				out = out c
			}
		} else if (two == "/*") {
			inside = "*"
			i++
		} else if (two == "//")
			break
		else {
			if (c == "\"" || c == "'")
				inside = c
			out = out c
		}
	}
	# A literal ends with its line, unless a backslash is the last thing in it.
	if (inside != "*" && s !~ /\\$/)
		inside = ""
	return out
}

FNR == 1 { inside = "" }
{
	text = strip($0)
	if (text ~ /[^ \t]/)
		print FILENAME ":" FNR ":" text
}
