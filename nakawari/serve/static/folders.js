// What is dropped or chosen: files, folders of them, and the clips that they are.

const inOrder = new Intl.Collator("en", { numeric: true }).compare;
const HIDDEN = /^(\..*|__MACOSX|thumbs\.db|desktop\.ini)$/i; // what systems put into folders

// Returns [{file, folder}] for all that is dropped, folders within folders too; the folder is "" for
// a file that was dropped itself. To be called while the event is under way: browsers forget then.
export function dropped(items) {
  const entries = [...items].filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  return filesIn(entries, "");
}

async function filesIn(entries, folder) {
  const files = [];
  for (const entry of entries) {
    if (folder && HIDDEN.test(entry.name)) continue;
    if (entry instanceof File) {
      files.push({ file: entry, folder });
    } else if (entry.isDirectory) {
      files.push(...await filesIn(await entriesOf(entry), `${folder}${entry.name}/`));
    } else {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      files.push({ file, folder });
    }
  }
  return files;
}

// A browser tells a hundred at a time, and none at the end.
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}

// Returns [{file, folder}] for the files that were chosen, of a folder or by themselves.
export function chosen(files) {
  return [...files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) }))
    .filter(({ file, folder }) => !folder || ![...folder.split("/"), file.name].some(isHidden));
}

function folderOf(path) {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function isHidden(name) {
  return name !== "" && HIDDEN.test(name);
}

// Whether a file is an animation in WebP, whose pictures have the same ending: its header says so.
async function isAnimated(file) {
  if (endingOf(file.name) !== ".webp") return false;
  try {
    const head = new Uint8Array(await file.slice(0, 21).arrayBuffer());
    return String.fromCharCode(...head.slice(12, 16)) === "VP8X" && (head[20] & 2) !== 0;
  } catch { // it cannot be read, which its upload tells
    return false;
  }
}

// Sorts files into clips, [{name, files}], and the others. Pictures of one folder that differ in the
// last number of their names alone are a clip; it has the folder's name where it is the only one
// there, and otherwise none, so that the pictures give it theirs. A file that was not in a folder is
// taken for a clip whatever it is called: somebody has chosen just this one.
export async function sorted(files, kinds) {
  const animated = new Set();
  await Promise.all(files.map(async ({ file }) => {
    if (await isAnimated(file)) animated.add(file);
  }));
  const groups = new Map();
  const inFolders = files.toSorted((one, other) =>
    inOrder(one.folder + one.file.name, other.folder + other.file.name));
  for (const { file, folder } of inFolders) {
    const key = animated.has(file) ? null : sequenceOf(file.name, kinds.pictures);
    const group = key === null ? file : `${folder}\n${key}`;
    if (!groups.has(group)) groups.set(group, { folder, isSequence: key !== null, files: [] });
    groups.get(group).files.push(file);
  }
  const clips = [];
  const others = [];
  for (const group of groups.values()) {
    const isKnown = animated.has(group.files[0]) || isClip(group, kinds);
    if (group.folder === "" || isKnown) clips.push(group);
    else others.push(...group.files);
  }
  const sequences = clips.filter((clip) => clip.isSequence);
  for (const clip of sequences) {
    const isOnly = sequences.filter(({ folder }) => folder === clip.folder).length === 1;
    if (isOnly) clip.name = clip.folder.split("/").at(-2);
  }
  return { clips, others };
}

function isClip({ isSequence, files }, kinds) {
  return isSequence ? files.length > 1 : kinds.videos.has(endingOf(files[0].name));
}

function endingOf(name) {
  return name.slice(name.lastIndexOf(".")).toLowerCase();
}

// Returns what a picture's name has in common with those of its sequence; null if it is of none.
function sequenceOf(name, pictures) {
  const dot = name.lastIndexOf(".");
  const parts = /^(.*?)\d+(\D*)$/s.exec(name.slice(0, dot));
  const isNumbered = dot > 0 && pictures.has(endingOf(name)) && parts;
  return isNumbered ? JSON.stringify([parts[1], parts[2], endingOf(name)]) : null;
}
