/**
 * Problem: show a still picture of an uploaded video.
 *
 * ffmpeg decodes the first second of the video and writes one frame as JPEG. The event is `{"video": BASE64}`; larger videos come from
 * S3, as in examples/convert.
 *
 * Debian's ffmpeg links to libraries for every codec: the layer takes 257 of the 262 MB that Lambda allows. A build of ffmpeg with fewer
 * codecs, as the `binary`, is smaller and starts faster.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pythonFunction } from './python-function';
import { BinaryLayer, BinarySource } from '../../lib'; // 'cdk-binary-layer' in your project

export class VideoThumbnail extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const layer = new BinaryLayer(this, 'Layer', {
      binary: 'ffmpeg',
      source: BinarySource.apt(['ffmpeg']),
      testCommand: 'ffmpeg -v error -f lavfi -i testsrc=duration=1 -frames:v 1 -c:v mjpeg /tmp/frame.jpg',
    });
    pythonFunction(this, {
      code: 'video-thumbnail', layers: [layer], environment: { FFMPEG: layer.executablePath() }, timeout: Duration.minutes(1),
    });
  }
}
