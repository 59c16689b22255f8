# The package suite's checks, in the box, as root: the life of the package on a machine.
exec >>/result/log 2>&1
set -u
. /payload/service/lib.sh
mkdir -p $BOX
: >$BOX/vain
cd /
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
WANTED=/etc/systemd/system/multi-user.target.wants/$UNIT

# What bears our name: all that the package, the service and the administrator have made. systemd's
# own notes of units, and other boxes of this machine, do not count.
ours() {
	find /etc /usr /var /run /lib/systemd -xdev -name '*sparkspool*' \
		! -path '/var/tmp/*' ! -path '/run/systemd/*' | sort
}
installed() { is "$(dpkg-query -W -f '${db:Status-Status}' sparkspool)" installed; }
version() { dpkg-query -W -f '${Version}' sparkspool; }
idle() { is "$(systemctl is-active $UNIT)" inactive && fails systemctl is-failed $UNIT; }

GROUP=install
check "nothing of us is here before" is "$(ours)" ''
check "dpkg -i" dpkg -i /packages/first.deb
check "it is installed" installed
check "all files are as packaged" silent dpkg --verify sparkspool
check "nothing was started, and nothing has failed" idle
check "nor will it be at boot" is "$(systemctl is-enabled $UNIT)" disabled
check "there is the user" is_like "$(getent passwd sparkspool)" '^sparkspool:.*/nologin$'
check "there is the directory of the spools" is \
	"$(stat -c '%U:%G %a' $SPOOLS)" 'sparkspool:sparkspool 755'
check "the configuration is a conffile, and the only one" is \
	"$(dpkg-query -W -f '${Conffiles}' sparkspool | awk 'NF { print $1 }')" $CONF
check "it stands the check as it is" sparkspoold --check-config
check "the unit is in order" silent systemd-analyze verify --man=no $UNIT
for page in man5/sparkspool.conf.5 man7/sparkspool-guide.7 man8/sparkspoold.8; do
	check "a manual page: $page" test -s /usr/share/man/$page.gz
done
for file in /usr/share/sparkspool/{runner.py,many-owners.conf} \
	/usr/share/doc/sparkspool/{copyright,NEWS.gz,examples/count.py,examples/sparkspool.conf}; do
	check "a file: $file" test -s "$file"
done

GROUP=service
server_start
install -d -o sparkspool -g sparkspool -m 770 $SPOOLS/in
check "the pretended Livy is up" test -n "${URL:-}"
write_conf
cp $CONF $BOX/conf
check "systemctl enable --now" systemctl enable --now $UNIT
check "active" settled
check "a file runs" runs first.py

GROUP=cli
check "dpkg -i" dpkg -i /packages/cli.deb
check "all files are as packaged" silent dpkg --verify sparkspool-cli
check "nothing was started" is "$(systemctl is-active sparkspool-on-end)" inactive
check "nor will it be at boot" is "$(systemctl is-enabled sparkspool-on-end)" disabled
check "init finds its program" is_like \
	"$(sparkspool init --no-check --url http://127.0.0.1:1 --output -)" 'state_dir = "/var/lib/sparkspool"'
check "it speaks with the daemon" is_like "$(as sparkspool sparkspool history)" 'first\.py'
for file in man/man1/sparkspool.1.gz bash-completion/completions/sparkspool \
	zsh/vendor-completions/_sparkspool; do
	check "a file: $file" test -s /usr/share/$file
done

GROUP=upgrade
put_waiting $SPOOLS/in/across.py across
check "a statement runs" wait_for was_sent 'box/across'
check "of that the service knows" wait_for prop_like StatusText ' 1 running'
MAIN=$(prop MainPID)
check "dpkg -i of a later version" dpkg -i --force-confold /packages/later.deb
check "it is installed" is_like "$(version)" '\+later$'
check "the service is another process" fails is "$(prop MainPID)" "$MAIN"
check "and active" wait_for settled
check "it is still enabled" is "$(systemctl is-enabled $UNIT)" enabled
check "the configuration is the administrator's" cmp $CONF $BOX/conf
check "the new one lies beside it" grep -q 'later version' $CONF.dpkg-dist
release across
check "the result of what ran is fetched" ran $SPOOLS/in/across.py across
check "it was sent once" sent_once 'box/across'
systemctl disable --now $UNIT
check "an upgrade of a service that was stopped: dpkg -i" dpkg -i --force-confold /packages/later.deb
check "does not start it" idle
check "does not enable it" is "$(systemctl is-enabled $UNIT)" disabled
systemctl enable --now $UNIT

GROUP=remove
check "active before" settled
check "dpkg -r" dpkg -r sparkspool
check "it has stopped" fails pidof sparkspoold
check "in order" said '^event=stopping'
check "the program is gone" absent /usr/sbin/sparkspoold
check "the configuration is not" cmp $CONF $BOX/conf
check "nor is the ledger" test -s /var/lib/sparkspool/ledger.db
check "nor are files and results" test -s $SPOOLS/in/across.py.json
check "it can come back" dpkg -i --force-confold /packages/later.deb
check "with the configuration as it was" cmp $CONF $BOX/conf
check "systemctl start" systemctl start $UNIT
check "a file runs" runs again.py
check "nothing was run again" sent_once 'box/across'

GROUP=purge
check "dpkg -P" dpkg -P sparkspool sparkspool-cli
check "the service has stopped" fails pidof sparkspoold
check "its users' files are all that is left" is "$(ours)" $SPOOLS
check "they are all there" test -s $SPOOLS/in/across.py.json -a -s $SPOOLS/in/first.py.out
check "it is not wanted at boot" absent $WANTED
check "no unit has failed" is "$(systemctl --failed --no-legend | grep sparkspool)" ''
rm -r $SPOOLS
check "on a machine without files: dpkg -i" dpkg -i /packages/first.deb
check "and dpkg -P" dpkg -P sparkspool
check "nothing is left" is "$(ours)" ''

kill "$SERVER_PID"
wait
: >/result/end
