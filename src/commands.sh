# shellcheck shell=bash
# What each command of pigeonhole takes: the scripts read this table, and a test holds the command line to it.
#
# script   the one at the top level that it has; the others are called by pigeonhole.sh
# where    the container image and the packages that it needs: classify or train. `here` is never in a container: what
#          was sorted may have come from anywhere, and a container would have to be shown all of it. What looks at
#          faces needs train, and so does guess-dir with a table of answers
# network  none, weights: it may download them, once, or page: a port of this machine leads to it
# paths    NAME:role, in their order; what stands in brackets may be left out (TF_FILES is then the one beside the
#          scripts), and `...` means one or more, in brackets any number. The roles, with what the container may do:
#            model    TF_FILES, read                         data     TF_FILES, written, too
#            report   TF_FILES, read; its report/ is written, but for --no-report
#            picture  a file, read                           folder   a folder, read
#            in       a folder, read; written for --move     inbox    a folder, written; only read for --copy
#            film     a film or a folder of films, read
#            out      a folder, written; outside those before it, made if it is not there
#            source   a folder, read; or an address such as s3://bucket/folder: then it never runs in a container
#            table    a folder, written, outside those before it, made if it is not there; or such an address
#            new      a file that is to be made; its folder is written
# files    options that name a file: --NAME:file is read, --NAME:new is to be made; --NAME:table is a file or folder, read;
#          --NAME:path is handed on as it is

#   command    script       where     network  paths                                          files
#              what it does
row train      train.sh     train     weights  '[TF_FILES:data]'                              '--weights:file' \
  'Learn from the pictures in TF_FILES/data/<category>/ and write TF_FILES/model.onnx.'
row guess      guess.sh     classify  none     '[TF_FILES:model] IMAGE:picture...'            '--heat-map:new --boxes:new' \
  'Say what is on pictures: every category with its score (0 to 1), best first.'
row guess-dir  guessDir.sh  classify  none     '[TF_FILES:model] IN:in OUT:out'               '--from-answers:table' \
  'Sort the pictures of a folder into another as <category>-<score>.<ext>.'
row watch      watch.sh     classify  none     '[TF_FILES:model] INBOX:inbox OUT:out'         '' \
  'Sort every picture that arrives in a folder, as soon as it is complete, until it is stopped.'
row web        web.sh       train     page     '[TF_FILES:data] [FOLDER:inbox...]'            '' \
  'Show pages in the browser on which pictures are recognised, reviewed and sorted into categories.'
row log        ''           here      none     'OUT:folder'                                   '' \
  'List what was sorted into OUT: every file with its guess, its place and its state, the oldest first.'
row undo       ''           here      none     'OUT:folder'                                   '--back-to:path' \
  'Put everything that was sorted into OUT back to where it came from.'
row answers    ''           train     none     '[TF_FILES:model] IN:source OUT:table'         '' \
  'Write a table of answers, one row for each picture of IN, as Parquet files into OUT.'
row look       ''           train     none     '[TF_FILES:report]'                            '' \
  'Show the pictures of TF_FILES/data on one page before you train: TF_FILES/report/look/index.html.'
row check      ''           train     weights  '[TF_FILES:data]'                              '--weights:file --apply:file --moves:new' \
  'Look for problems in TF_FILES/data: unreadable files, duplicates, wrong labels, shortcuts.'
row evaluate   ''           train     none     '[TF_FILES:report] FOLDER:folder'              '' \
  'Measure how good the model is on pictures whose categories are known.'
row compare    ''           train     weights  '[TF_FILES:data]'                              '' \
  'Train on TF_FILES/data in several ways and report how accurate, fast and large each result is.'
row explain    ''           train     none     '[TF_FILES:model] IMAGE:picture OUT.png:new'   '' \
  'Draw where the network looks: Grad-CAM, guided backpropagation and their product.'
row quantize   ''           train     none     '[TF_FILES:data]'                              '' \
  'Quantise TF_FILES/model.onnx to int8, if that is faster here and its answers stay the same.'
row frames     ''           train     none     'FILM:film... OUT:out'                         '' \
  'Take pictures out of films and put them into OUT as <film>-00h12m34.560s.jpg.'
row faces      ''           train     none     'IN:in OUT:out'                               '' \
  'Cut every face out of the pictures of IN and put it into OUT as <name>-1.<ext>, <name>-2.<ext>, ….'
row crop-borders ''         train     none     'IN:in OUT:out'                                '' \
  'Copy the pictures of IN to OUT without bars and thin lines of one colour at their edges.'
row upsample   ''           train     none     'IN:in OUT:out'                                '' \
  'Copy the pictures of IN to OUT, each with up to six others beside it: in grey, inverted, with noise, with stretched intensity, brightened (log) and with more contrast (sigmoid).'
row health     ''           here      none     'OUT:folder'                                   '' \
  'Report whether the watcher that sorts into OUT is healthy; if not, exit with 1 and say why.'
row doctor     ''           here      none     '[TF_FILES:model]'                             '' \
  'Say what is here and what is in the way: versions, processors, memory, GPU, container engine, folders, model.'
