val answer = 6 * 7
