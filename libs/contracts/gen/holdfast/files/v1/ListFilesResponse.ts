// Original file: holdfast/files/v1/file_service.proto

import type { File as _holdfast_files_v1_File, File__Output as _holdfast_files_v1_File__Output } from '../../../holdfast/files/v1/File.ts';

export interface ListFilesResponse {
  'files'?: (_holdfast_files_v1_File)[];
  'nextPageToken'?: (string);
}

export interface ListFilesResponse__Output {
  'files': (_holdfast_files_v1_File__Output)[];
  'nextPageToken': (string);
}
