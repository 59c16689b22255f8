# Shared by `setup`, `server` and `selftest`: where things are, and which of them are there.
# Read with `.`; the reader has set HERE to this directory.

umask 022

die() { echo "${0##*/}: $*" >&2; exit 1; }

CACHE=${SPARKSPOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set, and neither is SPARKSPOOL_CACHE}/.cache}/sparkspool}/livy-0.7.1

# For all JVMs of a run: quick to start rather than fast, and small. What the JVM says of an archive that
# it cannot use is kept out of the sessions' logs.
JVM_FLAGS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -XX:-UsePerfData -Xlog:disable -Xlog:all=error:stderr"

# Spark 3.5 is made for Java 17; a newer default java of the machine is no use.
find_java() {
	local home
	for home in "${SPARKSPOOL_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/java-17-openjdk-* /usr/lib/jvm/*17*; do
		[ -x "$home/bin/javac" ] && grep -qs '^JAVA_VERSION="17[."]' "$home/release" && { echo "$home"; return; }
	done
	return 1
}

# A name for what is made of these files and words: another input, another name, so a server that
# still runs on the former one is not disturbed.
key_of() {
	{ cat -- "${files[@]}"; printf '%s\n' "$@"; } | sha256sum | cut -c1-12
}

# Sets JAVA_HOME and the directories of the cache that belong to this tree's pins and sources.
# `.whole` in a directory says that it was made to its end.
locate_parts() {
	local files
	JAVA_HOME=$(find_java) || die "no JDK 17: install the package openjdk-17-jdk-headless (or set SPARKSPOOL_JAVA_HOME)"
	export JAVA_HOME
	PYTHON=${SPARKSPOOL_PYTHON:-python3}
	files=("$HERE/pom.xml" "$HERE/jars.sha256")
	JARS=$CACHE/jars-$(key_of)
	files=("$HERE/requirements.txt")
	VENV=$CACHE/python-$(key_of "$("$PYTHON" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)')")
	files=("$HERE/loopback.c")
	SHIM=$CACHE/loopback-$(key_of "$(uname -m)")
	files=("$HERE"/driver/src/org/apache/livy/repl/*.java "$HERE"/driver/*.py)
	DRIVER=$CACHE/driver-$(key_of "$JARS" "$VENV" "$JAVA_HOME")
	# The JVM takes an archive only where all this is the same.
	files+=("$JAVA_HOME/release")
	ARCHIVE=$CACHE/archive-$(key_of "$DRIVER" "$JVM_FLAGS")
}

# Set apart because the directory's name depends on Python's version: only known once it is made.
spark_home() { echo "$VENV"/lib/python3*/site-packages/pyspark; }

# spark_environment CONF_DIR: what spark-submit looks at
spark_environment() {
	SPARK_HOME=$(spark_home)
	SPARK_CONF_DIR=$1
	SPARK_LAUNCHER_OPTS=$JVM_FLAGS
	PYSPARK_PYTHON=$VENV/bin/python
	PYSPARK_DRIVER_PYTHON=$VENV/bin/python
	SPARK_LOCAL_IP=127.0.0.1
	# What the caller has set for a Spark of its own.
	unset HADOOP_CONF_DIR YARN_CONF_DIR SPARK_DIST_CLASSPATH SPARK_LOCAL_DIRS SPARK_MASTER PYTHONPATH PYTHONSTARTUP
	unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS LIVY_SERVER_JAVA_OPTS
	export SPARK_HOME SPARK_CONF_DIR SPARK_LAUNCHER_OPTS PYSPARK_PYTHON PYSPARK_DRIVER_PYTHON SPARK_LOCAL_IP
}
