#!/usr/bin/env bash
# Shows the main job from beginning to end, on pictures that it draws itself: learn three characters who look alike,
# then sort a folder of new pictures. Everything it makes is in ./demo.
here=$(readlink -f "${BASH_SOURCE[0]}")
# shellcheck source=src/launch.sh
. "${here%/*}/src/launch.sh"

shows() { # COMMAND...
  printf '\n$ bash'
  printf ' %q' "$@"
  printf '\n'
  (cd "$root" && bash "$@")
}

environment classify # for Pillow, which draws
rm -rf "$root/demo/tf_files" "$root/demo/in" "$root/demo/out"
echo "Drawing three characters who look alike: Mila, Nora and Tess; 40 pictures of each to learn from, 24 new ones."
"$venv/bin/python" -P "$root/tools/draw_characters.py" "$root/demo" --training 40 --new 8

shows train.sh demo/tf_files --backbone builtin
shows guess.sh demo/tf_files "demo/in/download 00.jpg"
shows guessDir.sh demo/tf_files demo/in demo/out

printf '\nThe folder demo/in, sorted into demo/out:\n'
(cd "$root/demo/out" && ls)
printf '\nThe report on the training: demo/tf_files/report/index.html. To take the sorting back: bash pigeonhole.sh undo demo/out\n'
