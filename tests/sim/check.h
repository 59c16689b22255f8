/* check: what the world asserts with, when it is the simulator that it serves. It stands in for the
 * library of that name, which writes down each assertion that holds: a seed has fifty thousand. */
#ifndef SPARKSPOOL_TESTS_SIM_CHECK_H
#define SPARKSPOOL_TESTS_SIM_CHECK_H

/* The seed under way has failed. */
__attribute__((noreturn, format(printf, 3, 4))) void sim_failed(
    const char *file, int line, const char *fmt, ...);

#define ck_abort_msg(...) sim_failed(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(expr, ...) ((expr) ? (void)0 : sim_failed(__FILE__, __LINE__, __VA_ARGS__))
#define ck_assert(expr) ck_assert_msg(expr, "%s", #expr)

#define ck_assert_op_(a, op, b) ck_assert_msg((a)op(b), "%s %s %s", #a, #op, #b)
#define ck_assert_int_eq(a, b) ck_assert_op_(a, ==, b)
#define ck_assert_int_le(a, b) ck_assert_op_(a, <=, b)
#define ck_assert_int_ge(a, b) ck_assert_op_(a, >=, b)
#define ck_assert_int_gt(a, b) ck_assert_op_(a, >, b)
#define ck_assert_uint_le(a, b) ck_assert_op_(a, <=, b)
#define ck_assert_uint_lt(a, b) ck_assert_op_(a, <, b)
#define ck_assert_uint_gt(a, b) ck_assert_op_(a, >, b)
#define ck_assert_ptr_nonnull(p) ck_assert_op_(p, !=, NULL)
#define ck_assert_str_eq(a, b) ck_assert_msg(str_eq(a, b), "\"%s\" is not \"%s\"", a, b)

/* Named by the headers of those who do run suites. */
struct Suite;
#define Suite struct Suite

#endif
