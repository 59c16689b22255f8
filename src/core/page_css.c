/* page_css: how a page looks, on a screen by day and by night and on paper. */
#include "core/page_int.h"

static const char *const style[] = {
	"\n",
	/* By day, and on paper at any time. a and b: letters and ground of a terminal's
	   colours, each legible on each. */
	":root{--bg:#fff;--fg:#1b1f24;--muted:#59626c;--line:#d8dde3;--box:#f6f7f9;",
	"--link:#0a53ad;--ok:#12652f;--bad:#a8201a;--odd:#7a4a00;",
	"--soft:#fdf1f0;--note:#fdf6e7;--mark:#fbdedb;--sign:#e6e9ed;",
	"--a1:#1b1f24;--a2:#a8201a;--a3:#12652f;--a4:#744600;--a5:#0a53ad;",
	"--a6:#7a2a9c;--a7:#0b5a66;--a8:#454c55;--a9:#4f5862;",
	"--b1:#dcdfe3;--b2:#ffdedb;--b3:#d4f1dc;--b4:#fbe9bf;--b5:#dbe8ff;",
	"--b6:#f0e1fb;--b7:#d2f0f3;--b8:#eceef1;--b9:#e2e5e9}\n",
	"@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;",
	"--bg:#14171b;--fg:#e2e6ea;--muted:#9ba5b0;--line:#343b44;--box:#1b2026;",
	"--link:#80b5ff;--ok:#72d190;--bad:#ff938a;--odd:#f0c16c;",
	"--soft:#2b1b1b;--note:#29231a;--mark:#552623;--sign:#30373f;",
	"--a1:#aeb7c1;--a2:#ff938a;--a3:#72d190;--a4:#f0c16c;--a5:#80b5ff;",
	"--a6:#d9a6f5;--a7:#6fd3df;--a8:#e2e6ea;--a9:#a9b3bd;",
	"--b1:#23292f;--b2:#4a2220;--b3:#1a3a26;--b4:#403112;--b5:#1c3253;",
	"--b6:#3d2449;--b7:#123b42;--b8:#343b44;--b9:#2b3138}}\n",

	"*{box-sizing:border-box}\n",
	"html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n",
	"body{margin:0;background:var(--bg);color:var(--fg);overflow-wrap:anywhere;",
	"font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Liberation Sans\",",
	"\"Helvetica Neue\",Arial,sans-serif}\n",
	"main{max-width:62rem;margin:0 auto;padding:2.5rem 1.5rem 5rem}\n",
	"a{color:var(--link);text-underline-offset:.15em}\n",
	"a:focus-visible,.box:focus-visible{outline:2px solid var(--link);outline-offset:2px}\n",

	/* the head */
	"header{padding-bottom:1.25rem;border-bottom:1px solid var(--line)}\n",
	".kicker,.meta,.cut,.size,figcaption,dt{color:var(--muted);font-size:.875rem}\n",
	".kicker{margin:0}\n",
	"h1{margin:.125rem 0 .5rem;font-size:1.75rem;line-height:1.2;font-weight:650;",
	"letter-spacing:-.01em}\n",
	".state{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0;",
	"font-variant-numeric:tabular-nums}\n",
	".state strong{font-weight:650}\n",
	".state strong::before{content:\"\";display:inline-block;width:.6em;height:.6em;",
	"margin-right:.45em;border-radius:50%;background:currentColor}\n",
	".ok{color:var(--ok)}.bad{color:var(--bad)}.odd{color:var(--odd)}\n",

	/* parts */
	"section{margin-top:2.25rem}\n",
	"h2{margin:0;font-size:1.125rem;line-height:1.3;font-weight:650}\n",
	".meta{margin:.125rem 0 .625rem}\n",
	".cut{margin:.5rem 0 0}\n",
	".error,.notes{margin-top:1.5rem;padding:1rem 1.25rem;border-radius:8px}\n",
	".error{background:var(--soft);border:1px solid var(--bad)}\n",
	".error h2{color:var(--bad)}\n",
	".notes{background:var(--note);border:1px solid var(--odd)}\n",
	".notes ul{margin:.375rem 0 0;padding-left:1.25rem}\n",
	".message,.where{margin:.375rem 0 0}\n",
	".message{white-space:pre-wrap;tab-size:8}\n",
	".error .box{margin-top:.875rem}\n",

	/* A box scrolls by itself, so that the page never has to go sideways; what a text
	   paints beyond its letters stays inside. */
	".box{overflow:auto;max-height:38rem;border:1px solid var(--line);border-radius:8px;",
	"background:var(--box);contain:paint}\n",
	"pre{margin:0;padding:.75rem 1rem;width:max-content;min-width:100%;white-space:pre;",
	"tab-size:8;direction:ltr}\n",
	"pre,code,dd.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,",
	"\"DejaVu Sans Mono\",\"Liberation Mono\",monospace}\n",
	"pre{font-size:.8125rem;line-height:1.55}\n",
	"code{font-size:inherit}\n",
	/* a sign for what has none */
	"i{padding:0 .15em;border-radius:3px;background:var(--sign);color:var(--muted);",
	"font-style:normal;font-size:.9em;unicode-bidi:isolate}\n",

	/* code */
	".code{padding:.5rem 0}\n",
	".l{display:block;padding-right:1rem;unicode-bidi:isolate}\n",
	".l::before,.gap::before{content:attr(data-n);color:var(--muted)}\n",
	".l::before{position:sticky;left:0;display:inline-block;width:calc(5ch + 1.5rem);",
	"margin-right:.875rem;padding-right:.75rem;text-align:right;background:var(--box);",
	"border-right:1px solid var(--line);user-select:none;-webkit-user-select:none}\n",
	".many .l::before{width:calc(7ch + 1.5rem)}\n",
	".gap{display:block;padding:.25rem 0 .25rem 1rem;user-select:none;",
	"-webkit-user-select:none}\n",
	"mark{background:var(--mark);color:inherit}\n",
	"mark.l::before{content:\">\\a0\" attr(data-n);background:var(--mark);",
	"color:var(--bad);font-weight:700}\n",
	".l:target{outline:2px solid var(--bad);outline-offset:-2px}\n",

	/* tables */
	"table{border-collapse:collapse;font-size:.875rem;line-height:1.45;",
	"width:max-content;min-width:100%;",
	"font-variant-numeric:tabular-nums}\n",
	"caption{padding:.5rem .875rem;text-align:left;color:var(--muted);",
	"border-bottom:1px solid var(--line)}\n",
	"th,td{padding:.35rem .875rem;text-align:left;vertical-align:top;",
	"border-bottom:1px solid var(--line);white-space:pre-wrap;overflow-wrap:break-word;",
	"max-width:26rem;unicode-bidi:isolate}\n",
	"th{position:sticky;top:0;background:var(--box);font-weight:650;",
	"box-shadow:inset 0 -1px var(--line)}\n",
	"tbody tr:last-child td{border-bottom:0}\n",
	".n{text-align:right;white-space:pre;overflow-wrap:normal}\n",

	/* pictures, files, facts */
	"figure{margin:.625rem 0 0}\n",
	"img{display:block;max-width:100%;height:auto;background:#fff;",
	"border:1px solid var(--line);border-radius:8px}\n",
	"figcaption{margin-top:.375rem}\n",
	".files{margin:.5rem 0 0;padding:0;list-style:none}\n",
	".files li{display:flex;justify-content:space-between;gap:1rem;align-items:baseline;",
	"padding:.3rem 0;border-bottom:1px solid var(--line)}\n",
	".size{white-space:nowrap;font-variant-numeric:tabular-nums}\n",
	"dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1.5rem;",
	"margin:.5rem 0 0}\n",
	"dt{line-height:1.7}dd{margin:0;font-variant-numeric:tabular-nums}\n",

	/* a terminal's colours */
	".di,.f9{color:var(--a9)}.f1{color:var(--a1)}.f2{color:var(--a2)}.f3{color:var(--a3)}",
	".f4{color:var(--a4)}.f5{color:var(--a5)}.f6{color:var(--a6)}.f7{color:var(--a7)}",
	".f8{color:var(--a8)}\n",
	".g1{background:var(--b1)}.g2{background:var(--b2)}.g3{background:var(--b3)}",
	".g4{background:var(--b4)}.g5{background:var(--b5)}.g6{background:var(--b6)}",
	".g7{background:var(--b7)}.g8{background:var(--b8)}.g9{background:var(--b9)}\n",
	".iv{color:var(--bg);background:var(--fg)}\n",
	".bo{font-weight:700}.it{font-style:italic}\n",
	".un{text-decoration:underline}.st{text-decoration:line-through}",
	".un.st{text-decoration:underline line-through}\n",

	"@media(max-width:40rem){main{padding:1.25rem 1rem 3rem}h1{font-size:1.375rem}",
	".error,.notes{padding:.75rem .875rem}section{margin-top:1.75rem}",
	"pre{padding:.625rem .75rem;font-size:.75rem;tab-size:4}.code{padding:.375rem 0}",
	".l::before{width:calc(5ch + .5rem);margin-right:.5rem;padding-right:.5rem}",
	".many .l::before{width:calc(7ch + .5rem)}",
	"th,td{padding:.3rem .625rem;max-width:16rem}",
	"caption{padding:.4rem .625rem}dl{gap:.3rem 1rem}}\n",

	/* Paper does not scroll. */
	"@page{margin:16mm 14mm}\n",
	"@media print{body{font-size:10.5pt}main{max-width:none;padding:0}",
	"a{color:inherit}section{margin-top:1.5rem}h2,.meta{break-after:avoid}",
	".box{overflow:visible;max-height:none;contain:none;background:none}",
	"pre{width:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:8.5pt;",
	"line-height:1.4}.l{padding:0 0 0 3.875rem;text-indent:-3.875rem}",
	".l::before,.many .l::before{position:static;width:3rem;text-indent:0}",
	"table{width:100%}th{position:static}",
	"th,td{font-size:8.5pt;padding:.2rem .5rem;max-width:none;overflow-wrap:anywhere}",
	".n{white-space:pre-wrap}",
	"tr,figure,.files li,dl{break-inside:avoid}img{max-height:22cm;width:auto}",
	"mark,i,.iv,.error,.notes,.state strong::before,[class*=\" g\"]{",
	"-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n",
	NULL,
};

const char *const *page_css(void)
{
	return style;
}

/* The policy of the page lets in this style and no other: tests/unit/test_page says what has to
 * stand here after a change above. */
const char *page_css_hash(void)
{
	return "sha256-+zXf5aF/e/k8+0DymcKdTzmnUHSTEhZT3mrFKSfQYIg=";
}
