import { type ArchiveFolder, LocalFolder } from "./folder.ts";
import { type BucketPlace, S3Bucket } from "./s3-bucket.ts";
import { S3Folder } from "./s3-folder.ts";
import type { OnStep } from "./steps.ts";

/** Where an archive is; it can go from one thread to another. */
export interface ArchivePlace {
  /** Absolute: the archive itself, or what a bucket's files stand in for a while. */
  readonly root: string;
  readonly bucket: (BucketPlace & { readonly cacheBytesMax: number }) | undefined;
}

/** Throws a sentence where a bucket has no credentials. */
export function openFolder({ root, bucket }: ArchivePlace, onStep?: OnStep): ArchiveFolder {
  if (bucket === undefined) return new LocalFolder(root, onStep);
  const { cacheBytesMax } = bucket;
  return new S3Folder({
    ...{ bucket: new S3Bucket(bucket), root, cacheBytesMax },
    ...(onStep !== undefined && { onStep }),
  });
}

/** As it is set. */
export function nameOf({ root, bucket }: ArchivePlace): string {
  return bucket === undefined ? root : `s3://${bucket.name}/${bucket.prefix}`;
}
