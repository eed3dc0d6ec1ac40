"""Hugging Face's pipeline("image-classification") with the network in a local folder.

python benchmarks/peers/transformers_pipeline.py MODEL_FOLDER PICTURES [OUT.csv] [--batch N] [--workers N]
"""

from transformers import pipeline

from answers import arguments, pictures_below, say, write


def main() -> None:
    chosen = arguments(__doc__)
    classify = pipeline("image-classification", model=str(chosen.model), device=chosen.device)
    if chosen.pictures.is_file():
        say(classify(str(chosen.pictures), top_k=1)[0]["label"])
        return
    paths = pictures_below(chosen.pictures)
    answers = classify(paths, top_k=1, batch_size=chosen.batch, num_workers=chosen.workers)
    write(chosen.out, paths, [answer[0]["label"] for answer in answers])


if __name__ == "__main__":
    main()
