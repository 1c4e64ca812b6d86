#!/bin/sh
# Makes a shop's campaigns be as the files of a folder say; for continuous integration, or a new
# shop. Running it again changes nothing. Needs segmail on the PATH, and the shop in the
# environment: SEGMAIL_MAHO_ROOT, or SEGMAIL_DATABASE_URL. Usage: seed-shop.sh [FOLDER]
set -eu
campaigns=${1:-campaigns}

segmail campaign validate "$campaigns"              # 78: a file is wrong; asks no database
segmail schema check >/dev/null                     # 78: no Maho, or its tables are incomplete
segmail campaign apply "$campaigns" --prune --yes   # 78: a name that the shop does not have
segmail campaign diff "$campaigns"                  # 1: somebody has changed the shop meanwhile
