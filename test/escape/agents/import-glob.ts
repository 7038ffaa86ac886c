// An import whose path is put together at run time: the compiler takes every file into the program that it could mean.
// Invariant: the compiler reads what the resolver has resolved, and nothing that it found by itself.

export default async function () {
  const load = (name) => import(`../${name}.json`);
  return await load("canary");
}
