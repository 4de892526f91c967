/* Processor time OpenAL Soft takes to render moving sources with HRTF for one listener, for beside-openal.sh.
 *
 * openal-load SOURCES SECONDS prints microseconds of processor time per tick of 20 ms: moving every source, then
 * rendering 960 frames of float stereo at 48 kHz through a loopback device. */
#include <AL/al.h>
#include <AL/alc.h>
#include <AL/alext.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 48000, FRAME = 960, WARM_UP = 10 };

static double processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

int main(int count, char **words) {
    if (count != 3) fail("usage: openal-load SOURCES SECONDS");
    int sources = atoi(words[1]), ticks = atoi(words[2]) * 50;
    LPALCLOOPBACKOPENDEVICESOFT open = alcGetProcAddress(NULL, "alcLoopbackOpenDeviceSOFT");
    LPALCRENDERSAMPLESSOFT render = alcGetProcAddress(NULL, "alcRenderSamplesSOFT");
    if (!open || !render) fail("no loopback device");
    ALCdevice *device = open(NULL);
    ALCint attributes[] = {ALC_FORMAT_CHANNELS_SOFT, ALC_STEREO_SOFT, ALC_FORMAT_TYPE_SOFT, ALC_FLOAT_SOFT,
                           ALC_FREQUENCY, RATE, ALC_MONO_SOURCES, sources, ALC_HRTF_SOFT, ALC_TRUE, 0};
    ALCcontext *context = alcCreateContext(device, attributes);
    if (!context || !alcMakeContextCurrent(context)) fail("no context");
    ALCint hrtf = 0;
    alcGetIntegerv(device, ALC_HRTF_SOFT, 1, &hrtf);
    if (!hrtf) fail("HRTF is not in use");

    static float sound[RATE];
    uint32_t seed = 1;
    for (int n = 0; n < RATE; n++) {
        seed = seed * 1664525u + 1013904223u;
        sound[n] = (float)(seed >> 8) / (1 << 23) - 1.0f;
    }
    ALuint buffer, *source = malloc(sizeof *source * sources);
    alGenBuffers(1, &buffer);
    alBufferData(buffer, AL_FORMAT_MONO_FLOAT32, sound, sizeof sound, RATE);
    alGenSources(sources, source);
    if (alGetError() != AL_NO_ERROR) fail("not so many sources: see `sources` in alsoft.conf");
    for (int n = 0; n < sources; n++) {
        alSourcei(source[n], AL_BUFFER, buffer);
        alSourcei(source[n], AL_LOOPING, AL_TRUE);
        alSourcef(source[n], AL_GAIN, 1.0f / sources);
        alSourcei(source[n], AL_SAMPLE_OFFSET, n * 977 % RATE);
    }
    alSourcePlayv(sources, source);

    static float heard[FRAME * 2];
    double before = 0, power = 0;
    for (int tick = 0; tick < ticks + WARM_UP; tick++) {
        if (tick == WARM_UP) before = processor_us();
        for (int n = 0; n < sources; n++) {
            float azimuth = (n * 7 + tick * 1.7f) * (float)M_PI / 180, up = (n % 5 * 9.0f - 18.0f) * (float)M_PI / 180;
            alSource3f(source[n], AL_POSITION, cosf(up) * sinf(azimuth), sinf(up), -cosf(up) * cosf(azimuth));
        }
        render(device, heard, FRAME);
        power += heard[0] * heard[0] + heard[FRAME] * heard[FRAME];
    }
    double spent = processor_us() - before;
    if (!(power > 0)) fail("nothing was heard");
    if (alGetError() != AL_NO_ERROR) fail("an error of OpenAL");
    alcMakeContextCurrent(NULL);
    alcDestroyContext(context);
    alcCloseDevice(device);
    printf("%.1f\n", spent / ticks);
    return 0;
}
