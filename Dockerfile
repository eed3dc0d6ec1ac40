# Three images. `classify` guesses and sorts and is as small as it gets: no torch, no pip. `train` learns. `cluster` is
# `classify` with Ray, for the nodes of a cluster; only docker-compose.cluster.yml and deploy/ use it.
#
#   docker build --target classify --build-arg ACCELERATOR=cpu -t pigeonhole-classify .
#   docker build --target train    --build-arg ACCELERATOR=cpu -t pigeonhole-train .
#
# ACCELERATOR=gpu (the default) brings CUDA as Python packages: such an image runs on machines with and
# without an NVIDIA GPU. ACCELERATOR=cpu is the small one. TORCH_INDEX may name a package index that has
# torch without CUDA, which makes the training image a good deal smaller.
#
# Nothing in here needs BuildKit, so that an engine without it builds the same images.
#
# The base is named by its digest, for all platforms at once, so that the same Dockerfile makes the same image.
# tools/renew-base.sh takes the newest of this tag. Another one, such as a mirror's: --build-arg BASE=IMAGE.
ARG BASE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b


# What both images have in common, whoever's uid they run as: a uid without an entry in /etc/passwd has no
# home and no name, and Python's getpass would fail; the one place that can be written is /run/pigeonhole.
FROM ${BASE} AS common
ENV PATH=/opt/venv/bin:$PATH \
    LANG=C.UTF-8 \
    HOME=/run/pigeonhole \
    TMPDIR=/run/pigeonhole \
    USER=pigeonhole \
    ORT_DISABLE_TELEMETRY=1 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN mkdir -m 1777 /run/pigeonhole


# Our dependencies, one list per purpose. The layers below depend on these lists and not on pyproject.toml
# itself: a new version number or a linter's setting does not install gigabytes again.
FROM common AS lists
ARG ACCELERATOR=gpu
WORKDIR /lists
COPY pyproject.toml ./
RUN python3 -c 'import os, tomllib; \
    file = tomllib.load(open("pyproject.toml", "rb")); project = file["project"]; extras = project["optional-dependencies"]; \
    classify = project["dependencies"] + extras[os.environ["ACCELERATOR"]] + extras["heic"]; \
    lists = {"classify": classify, "cluster": classify + extras["cluster"], "train": classify + extras["answers"] + extras["train"] + extras["timm"] + extras["prepare"] + extras["web"], "build": file["build-system"]["requires"]}; \
    [open(f"{name}.txt", "w").write("\n".join(lines)) for name, lines in lists.items()]'


# Our own package, made where its build tools are and handed on without them.
FROM common AS package
WORKDIR /build
COPY --from=lists /lists/build.txt /lists/
RUN python3 -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir -r /lists/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src/pigeonhole src/pigeonhole
RUN pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --no-build-isolation \
    --no-warn-script-location --prefix /package .


FROM common AS classify-dependencies
COPY --from=lists /lists/classify.txt /lists/
# The dependencies' own tests are a tenth of the image.
RUN python3 -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir -r /lists/classify.txt \
 && find /opt/venv -type d -name tests -prune -exec rm -rf '{}' +


FROM common AS classify
RUN python3 -c 'import pathlib, pip, shutil; shutil.rmtree(pathlib.Path(pip.__file__).parent)' \
 && rm -f /usr/local/bin/pip* /usr/bin/pip*
COPY --from=classify-dependencies /opt/venv /opt/venv
COPY --from=package /package /opt/venv
# The container's root is read-only, so Python could never keep what it compiles: import once, here, what the
# commands import. (The packages came compiled, the base image's standard library does not.)
RUN python3 -c 'import pillow_heif, pigeonhole.decoding.worker; \
    from pigeonhole.cli.classifying import guess, guess_dir, health, watch'
USER 65532:65532
WORKDIR /run/pigeonhole
ENTRYPOINT ["pigeonhole"]


# A node of a Ray cluster: the same, and Ray (docs/scaling.md).
FROM common AS cluster-dependencies
COPY --from=lists /lists/cluster.txt /lists/
RUN python3 -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir -r /lists/cluster.txt


FROM classify AS cluster
ENV RAY_USAGE_STATS_ENABLED=0 \
    RAY_TMPDIR=/run/pigeonhole
COPY --from=cluster-dependencies /opt/venv /opt/venv
COPY --from=package /package /opt/venv
ENTRYPOINT []


# Not `COPY --from` another stage as above: with torch the environment has gigabytes, and a copy doubles them.
FROM common AS train
ARG TORCH_INDEX=
COPY --from=lists /lists/train.txt /lists/
RUN python3 -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir \
    ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r /lists/train.txt
COPY --from=package /package /opt/venv
# A detector of drawn faces that needs an older Pillow than everything else.
RUN python3 -c 'import pathlib, pigeonhole.faces.animeface_environment as it; it.make(pathlib.Path("/opt/animeface"))'
ENV PIGEONHOLE_ANIMEFACE=/opt/animeface/bin/python
RUN python3 -c 'import matplotlib.pyplot, onnxscript, timm, torch, torchvision, pigeonhole.cli.training.train, pigeonhole.train, \
    pigeonhole.web.server'
USER 65532:65532
WORKDIR /run/pigeonhole
ENTRYPOINT ["pigeonhole"]
