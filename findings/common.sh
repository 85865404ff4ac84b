# What the findings share; source it, then `install NAME==VERSION …`, then `check` a program from standard input.
# PYTHON names the Python that makes the environment. It is a new one each time, without this repository's program.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

install() {
  "${PYTHON:-python3}" -m venv "$folder/env"
  "$folder/env/bin/pip" install -qq --disable-pip-version-check "$@"
  printf '%s\n' "$@"
}

# An assertion that fails says that the behaviour has changed.
check() {
  (cd "$folder" && env -u PYTHONPATH "$folder/env/bin/python" -)
}
