#!/usr/bin/env bash
# The whole drill of an opening, with emulated signals and demonstration keys: nothing here is secret or real.
#
#     bash docs/operator/drill.sh [FOLDER]
#
# from a checkout with its environment active; FOLDER is new, default "drill". What happens is explained in opening.md.
# Every refusal below has to come, with its own words and exit code 1: the script stops when one does not.
set -eu

DIR=${1:-drill}
SPILLS=${SPILLS:-3}
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PYTHON=${PYTHON:-python3}
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
mkdir "$DIR"
cd "$DIR"

dumpwatch() { "$PYTHON" -m dumpwatch --log-level warning "$@"; }
step() { printf '\n== %s\n' "$*"; }
say() { printf '$ dumpwatch %s\n' "$*"; }

# refused WORDS ARGUMENTS...: the command has to fail with exit code 1, say WORDS, and print nothing on stdout
refused() {
    words=$1
    shift
    say "$@"
    code=0
    dumpwatch "$@" >refused.out 2>refused.err || code=$?
    sed 's/^/  /' refused.err
    echo "  exit code $code"
    if [ "$code" != 1 ] || [ -s refused.out ] || ! grep -q "$words" refused.err; then
        echo "this should have been refused with: $words"
        exit 1
    fi
}

W="--ledger sqlite:///ledger.db"
K=demonstration-keys
# a demonstration: the least size of a block (1000 spills, a tenth of the protons) is lowered, which only keys that are
# marked as demonstration keys allow; the opening log says so for ever
LOW="--min-spills $SPILLS --min-pot-fraction 0"

share() { echo "--custodian share.$1"; }
sign() { for i in 1 2 3; do dumpwatch blind approve "$1.json" $(share $i) -o "$1.$i" >/dev/null & done; wait; }
two() { echo "$1.json --approval $1.1 --approval $1.2 $(share 1) $(share 2)"; }
three() { echo "$(two "$1") --approval $1.3 $(share 3)"; }
block() { echo "--first $1 --last $(($1 + SPILLS - 1))"; }
new() { # new NAME CHANNEL STAGE MORE...
    name=$1 channel=$2 stage=$3
    shift 3
    dumpwatch blind approve --new --channel "$channel" --stage "$stage" "$@" -o "$name.json" >/dev/null
    sign "$name"
}
open() { # open NAME CONFIGURATION: opens, and holds the counts and the events against what was injected
    say blind open "$(three "$1")" $LOW --config "$2.toml" --events "$1.events" --recordings recordings $W
    dumpwatch blind open $(three "$1") $LOW --config "$2.toml" --events "$1.events" --recordings recordings $W --json >"$1.done"
    "$PYTHON" -m tools.drill_truth --compare "$2.truth" "$1.done" "$1.events"/*.json
}

step "two runs with masked signals: dark photons to mu mu, then to pi pi pi0 (a lost photon makes pi pi gamma)"
cat >mumu.toml <<END
[detector.modes]
signal_decays = 300
END
cat >pipi_pi0.toml <<END
[detector.modes]
signal_decays = 300
[signal.injection]
final_state = "pipipi0"
mass_gev = 0.78
coupling = 2e-7
END
LIVE="live --mode signal --speed max --port 0 --spills $SPILLS --record recordings $W"
say $LIVE
dumpwatch $LIVE --run 1 --seed 11 --config mumu.toml
dumpwatch $LIVE --run 2 --seed 12 --config pipi_pi0.toml

for i in 1 2 3; do cp -p $K/custodian-$i/custodian.json share.$i; done # each would bring his own

step "what was injected: the same bursts, counted by another program that the chain does not know"
"$PYTHON" -m tools.drill_truth --config mumu.toml --seed 11 --run 1 --spills "$SPILLS" >mumu.truth
"$PYTHON" -m tools.drill_truth --config pipi_pi0.toml --seed 12 --run 2 --spills "$SPILLS" >pipi_pi0.truth

step "everything is sealed; the head is written down"
dumpwatch blind status $W
HEAD=$(dumpwatch blind audit $W --json | sed 's/.*"head": "\([0-9a-f]*\)", "openings.*/\1/')
refused "is sealed" blind events mumu/CR $(share 1) $(share 2) $(share 3) $W

step "the control region of mu mu: two of three are refused"
new cr mumu CR $(block 0) --expected 5 --min-p 0.001 $W
refused "2 of 3 custodians" blind open $(two cr) $LOW --config mumu.toml $W

step "somebody meddles: a tampered record, a swapped compartment, a truncated chain"
"$PYTHON" -m tools.drill_tamper ledger.db record.db record
refused "a record was changed, swapped, moved or removed" \
    blind open $(three cr) $LOW --config mumu.toml --ledger sqlite:///record.db
"$PYTHON" -m tools.drill_tamper ledger.db swap.db swap --host-key $K/public
refused "another ledger, or a chain written anew" blind open $(three cr) $LOW --config mumu.toml --ledger sqlite:///swap.db
new swap mumu CR $(block 0) --expected 5 --min-p 0.001 --ledger sqlite:///swap.db
refused "compartment mumu/CR: sealed bytes do not open" \
    blind open $(three swap) $LOW --config mumu.toml --ledger sqlite:///swap.db
"$PYTHON" -m tools.drill_tamper ledger.db cut.db truncate
refused "its end was cut off" blind open $(three cr) $LOW --config mumu.toml --head "$HEAD" --ledger sqlite:///cut.db

step "one wrong share; an approval of somebody else; a mask that shrank; a block that is too small"
dumpwatch blind keygen -o other --demonstration $(for i in 1 2 3 4 5; do echo "--custodian demonstration-$i"; done) >/dev/null
cp -p other/custodian-3/custodian.json share.wrong
refused "one share is wrong" blind open $(two cr) --approval cr.3 --custodian share.wrong $LOW --config mumu.toml $W
dumpwatch blind approve cr.json --custodian share.wrong -o cr.other >/dev/null
refused "the signature does not hold" blind open $(two cr) --approval cr.other $(share 3) $LOW --config mumu.toml $W
printf '[gate]\nguard_z_m = 4.0\n' >small.toml
refused "A mask may only grow" live --mode signal --speed max --port 0 --spills 1 --config small.toml $W
refused "wanted 1000 at least" blind open $(three cr) --config mumu.toml $W

step "three of three: the control region opens, with what was injected"
open cr mumu

step "the signal region: refused until the control region is validated; no approval holds twice"
new sr mumu SR $(block 0) --expected 0.016 --min-p 0.01 $W
refused "SR wants it at CR_VALIDATED" blind open $(three sr) $LOW --config mumu.toml $W
refused "is for another statement" blind open $(three cr | sed 's/^cr.json/sr.json/') $LOW --config mumu.toml $W
refused "was carried out before" blind open $(three cr) $LOW --config mumu.toml $W
refused "mumu/SR: is sealed" blind events mumu/SR $(share 1) $(share 2) $(share 3) --config mumu.toml $W
new valid mumu CR_VALIDATION $(block 0) $W
dumpwatch blind open $(three valid) $LOW --config mumu.toml $W
open sr mumu

step "hadronic channels: their block has its own configuration"
new cr_pi0 pipi_pi0 CR $(block "$SPILLS") --expected 5 --min-p 0.001 $W
open cr_pi0 pipi_pi0
new valid_pi0 pipi_pi0 CR_VALIDATION $(block "$SPILLS") $W
dumpwatch blind open $(three valid_pi0) $LOW --config pipi_pi0.toml $W
new sr_pi0 pipi_pi0 SR $(block "$SPILLS") --expected 0.007 --min-p 0.01 $W
open sr_pi0 pipi_pi0
new cr_gamma pipi_gamma CR $(block "$SPILLS") --expected 5 --min-p 0.001 $W
open cr_gamma pipi_pi0

step "who opened what, when; and nothing else is open"
dumpwatch blind audit --head "$HEAD" $W
refused "is sealed" blind events pipi/SR $(share 1) $(share 2) $(share 3) --config pipi_pi0.toml $W
step "the drill went as it should"
