dnl sparkspool.m4: flags that are probed one by one, and the options built from them.
dnl
dnl Everything found goes to OUR_CPPFLAGS, OUR_CFLAGS and OUR_LDFLAGS; CFLAGS and its kin stay the
dnl user's, and come after ours on the command line.

dnl A program that gives no warning under any of the flags below. It includes a header, since
dnl _FORTIFY_SOURCE without optimisation is complained about only there.
m4_define([_SPARKSPOOL_PROGRAM], [AC_LANG_SOURCE([[
#include <string.h>
int main(int argc, char **argv)
{
	char copy[16];

	(void)argc;
	memset(copy, 0, sizeof(copy));
	return (int)strlen(argv[0]) + copy[0] == 0;
}
]])])

dnl _SPARKSPOOL_PROBE(KIND, VARIABLE, FLAGS, MORE, TRY)
dnl Appends FLAGS to VARIABLE if the compiler takes them without a word. Compilers only warn of
dnl flags that they do not know (and of known ones that cannot work here, and linkers do too), so
dnl every warning is made an error for the time of the probe.
AC_DEFUN([_SPARKSPOOL_PROBE], [
AS_VAR_PUSHDEF([cache], [sparkspool_cv_$1_$3])
AC_CACHE_CHECK([whether $CC takes $3], [cache], [
	sparkspool_cflags=$CFLAGS
	sparkspool_ldflags=$LDFLAGS
	CFLAGS="$OUR_CPPFLAGS $OUR_CFLAGS $3 $CFLAGS -Werror"
	LDFLAGS="$OUR_LDFLAGS $4 $LDFLAGS"
	$5([_SPARKSPOOL_PROGRAM], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
	CFLAGS=$sparkspool_cflags
	LDFLAGS=$sparkspool_ldflags
])
AS_VAR_IF([cache], [yes], [AS_VAR_APPEND([$2], [" $3"])])
AS_VAR_POPDEF([cache])
])

AC_DEFUN([SPARKSPOOL_CPPFLAG],
	[_SPARKSPOOL_PROBE([cppflag], [OUR_CPPFLAGS], [$1], [], [AC_COMPILE_IFELSE])])
AC_DEFUN([SPARKSPOOL_CFLAG],
	[_SPARKSPOOL_PROBE([cflag], [OUR_CFLAGS], [$1], [], [AC_COMPILE_IFELSE])])
dnl Flags such as -fsanitize need the linker to know them, too.
AC_DEFUN([SPARKSPOOL_CFLAG_LINKED],
	[_SPARKSPOOL_PROBE([linked], [OUR_CFLAGS], [$1], [], [AC_LINK_IFELSE])])
AC_DEFUN([SPARKSPOOL_LDFLAG],
	[_SPARKSPOOL_PROBE([ldflag], [OUR_LDFLAGS], [$1], [-Wl,--fatal-warnings], [AC_LINK_IFELSE])])

AC_DEFUN([SPARKSPOOL_WARNINGS], [
m4_map_args_w([-std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
	-Wsign-conversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wvla -Wundef -Wimplicit-fallthrough -Wpointer-arith
	-Wdate-time -Wduplicated-cond -Wduplicated-branches -Wlogical-op],
	[SPARKSPOOL_CFLAG(], [)])
dnl Clang counts assert(!"words") among the conversions. The probe is for the positive form: gcc
dnl takes any -Wno- without a word.
_SPARKSPOOL_PROBE([cflag], [string_conversion], [-Wstring-conversion], [], [AC_COMPILE_IFELSE])
AS_IF([test "x$string_conversion" != x], [AS_VAR_APPEND([OUR_CFLAGS], [" -Wno-string-conversion"])])
])

dnl What a distribution's own CFLAGS define already is left to them: defining it again is a
dnl warning, so the probe says no. Sanitizers do not see through fortified functions.
AC_DEFUN([SPARKSPOOL_HARDENING], [
AS_IF([test "$enable_sanitize" = no],
	[SPARKSPOOL_CPPFLAG([-D_FORTIFY_SOURCE=2])])
m4_map_args_w([-fstack-protector-strong -fstack-clash-protection -fcf-protection
	-fno-common -fPIE], [SPARKSPOOL_CFLAG(], [)])
m4_map_args_w([-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed],
	[SPARKSPOOL_LDFLAG(], [)])
])

AC_DEFUN([SPARKSPOOL_SANITIZE], [
SPARKSPOOL_CFLAG_LINKED([-fsanitize=address,undefined])
AS_VAR_IF([sparkspool_cv_linked__fsanitize_address_undefined], [yes], [],
	[AC_MSG_ERROR([$CC cannot link with the sanitizers])])
SPARKSPOOL_CFLAG([-fno-sanitize-recover=all])
SPARKSPOOL_CFLAG([-fno-omit-frame-pointer])
AS_VAR_APPEND([OUR_LDFLAGS], [" -fsanitize=address,undefined"])
])

dnl libFuzzer brings a main of its own, so only the targets are linked with it; all else is compiled
dnl for its sake, or it would be blind there.
AC_DEFUN([SPARKSPOOL_FUZZ], [
SPARKSPOOL_CFLAG_LINKED([-fsanitize=fuzzer-no-link])
AS_VAR_IF([sparkspool_cv_linked__fsanitize_fuzzer_no_link], [yes], [],
	[AC_MSG_ERROR([$CC has no libFuzzer: take clang with its runtime (CC=clang-14, libclang-rt-14-dev)])])
AS_VAR_APPEND([OUR_LDFLAGS], [" -fsanitize=fuzzer-no-link"])
])

AC_DEFUN([SPARKSPOOL_COVERAGE], [
SPARKSPOOL_CFLAG_LINKED([--coverage])
AS_VAR_IF([sparkspool_cv_linked___coverage], [yes], [],
	[AC_MSG_ERROR([$CC cannot link with --coverage])])
AS_VAR_APPEND([OUR_LDFLAGS], [" --coverage"])
])

dnl A build without asserts would go on where this one stops, with a ledger that it does not
dnl understand: nobody has tested that.
AC_DEFUN([SPARKSPOOL_ASSERTS], [
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#ifdef NDEBUG
#error asserts are off
#endif
int unused;
]])], [], [AC_MSG_ERROR([asserts are part of the product: take NDEBUG out of CFLAGS and CPPFLAGS])])
])

dnl SPARKSPOOL_DIR(NAME, WHAT, FALLBACK): --with-NAME=DIR or =no; else where this system's systemd
dnl looks, or FALLBACK where it does not say.
AC_DEFUN([SPARKSPOOL_DIR], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [directory of $2, or no])], [],
	[with_$1=yes])
AS_IF([test "x$with_$1" = xyes], [
	AC_MSG_CHECKING([for the directory of $2])
	with_$1=`$PKG_CONFIG --variable=$1 systemd 2>/dev/null`
	AS_IF([test "x$with_$1" = x], [with_$1='$3'])
	AC_MSG_RESULT([$with_$1])
])
AC_SUBST([$1], [$with_$1])
AM_CONDITIONAL(m4_toupper([WITH_$1]), [test "x$with_$1" != xno])
])
