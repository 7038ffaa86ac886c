// Paths: those of a manifest start from the manifest's own folder. Text only; nothing is looked up on a disk.

/** An absolute path, "." and ".." taken out, for a path of the manifest and the (absolute) folder that it stands in. */
export function resolvePath(folder: string, path: string): string {
  const kept: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${folder}/${path}`).split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return `/${kept.join("/")}`;
}
