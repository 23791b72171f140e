import sys

import av
import cv2
import numpy as np

for name in sys.argv[2:]:
    fr = [
        f.to_ndarray(format="bgr24")
        for f in av.open(f"/work/shared/cases/{name}.mp4").decode(video=0)
    ]
    h, w = fr[0].shape[:2]
    n = len(fr)
    idx = np.linspace(0, n - 1, 12).astype(int)
    t = [cv2.resize(fr[i], (240, 240 * h // w)) for i in idx]
    rows = [np.hstack(t[i : i + 6]) for i in (0, 6)]
    cv2.imwrite(f"{sys.argv[1]}/{name}.png", np.vstack(rows))
    print(name, n, w, h)
