// Answers of vla.cpp to one robot: an answer for each line "go" on standard input, a JSON object for each on standard output.
//
//     answer GGUF CASE SIDE [--weight-dtype f32|bf16] [--flash-attn]     threads: VLA_N_THREADS
//
// CASE is a folder of raw arrays, as make.py writes it: image.f32 [h w c] in [0, 1], SIDE pixels high and wide, tokens.i32, state.f32, noise.f32.

#include "model.h"
#include "options.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

[[noreturn]] void stop(const std::string & said) {
    std::fprintf(stderr, "answer: %s\n", said.c_str());
    std::exit(2);
}

template <typename Cell> std::vector<Cell> array(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) stop("expected " + path + ", got no such file");
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const Cell * from = reinterpret_cast<const Cell *>(bytes.data());
    return {from, from + bytes.size() / sizeof(Cell)};
}

double processorMs() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto ms = [](const timeval & time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; };
    return ms(used.ru_utime) + ms(used.ru_stime);
}

/// Largest memory since the process began, or since `clear_refs` was written.
double peakMib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) / 1024;
    return 0;
}

void say(FILE * out, const std::string & facts, const std::vector<float> & computed) {
    std::fprintf(out, "{%s\"computed\":[", facts.c_str());
    for (size_t at = 0; at < computed.size(); ++at) std::fprintf(out, at == 0 ? "%.9g" : ",%.9g", computed[at]);
    std::fprintf(out, "]}\n");
    std::fflush(out);
}

}  // namespace

int main(int count, char ** words) {
    if (count < 4) stop("expected GGUF CASE SIDE");
    // The engine prints on standard output, which is for answers.
    FILE * answers = fdopen(dup(1), "w");
    dup2(2, 1);
    vla::Options options;
    for (int at = 4; at < count; ++at) {
        std::string error;
        const int word = at;
        if (!options.parse_arg(count, words, at, error)) stop(std::string(words[word]) + ": " + error);
    }
    vla::Model * model = vla::model_load("", words[1], "", options);
    if (model == nullptr) stop("the model could not be loaded");

    const std::string folder = words[2];
    const int side = std::atoi(words[3]);
    const auto image = array<float>(folder + "/image.f32");
    const auto tokens = array<int32_t>(folder + "/tokens.i32");
    const auto state = array<float>(folder + "/state.f32");
    const auto noise = array<float>(folder + "/noise.f32");
    if (image.size() != size_t(3) * side * side) stop("expected a picture of SIDE pixels");
    const vla::ImageView view{image.data(), side, side, vla::PixelFormat::F32_RGB_01};
    vla::Inputs in{};
    in.images = &view;
    in.n_images = 1;
    in.lang_tokens = tokens.data();
    in.n_lang = int(tokens.size());
    in.state = state.data();
    in.noise = noise.data();

    const auto answered = [&] {
        auto actions = vla::predict(model, in);
        if (actions.empty()) stop("the engine gave no actions");
        return actions;
    };
    const auto first = answered();
    const double whole = peakMib();
    std::ofstream("/proc/self/clear_refs") << "5";
    say(answers, "\"ready\":true,", first);
    for (std::string line; std::getline(std::cin, line);) {
        const auto start = std::chrono::steady_clock::now();
        const double used = processorMs();
        const auto actions = answered();
        const double processor = processorMs() - used;
        const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
        const double working = peakMib();
        char facts[200];
        std::snprintf(facts, sizeof facts, "\"ms\":%.3f,\"processorMs\":%.3f,\"peakMib\":%.1f,\"workingMib\":%.1f,", ms.count(), processor,
                      working > whole ? working : whole, working);
        say(answers, facts, actions);
    }
    vla::model_free(model);
    return 0;
}
